"""Imports without what a library would like to have and we have no use for."""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import cast

from pydantic import BaseModel
from pydantic.warnings import UnsupportedFieldAttributeWarning

#: What `sys.modules` has of a module that is not to be found.
_ABSENT = cast("ModuleType", None)


@contextmanager
def without(*packages: str) -> Iterator[None]:
    """Let imports of the block find that optional packages are not installed; they can be imported afterwards.

    A library that is imported the first time here goes without them; those that are loaded already stay.
    """
    hidden = [name for name in packages if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden, _ABSENT))
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


def serve_lean() -> None:
    """Keep from this process 4 MB that FastAPI would load and nothing needs; to be called before it is loaded.

    It imports pydantic 1 to see that no model is of that. Its own models of OpenAPI, which `/docs` alone
    needs, are built when they are used, as are all that are declared from here on; the warning that FastAPI ignores
    when it builds them comes then.
    """
    sys.modules.setdefault("pydantic.v1", _ABSENT)
    BaseModel.model_config = {**BaseModel.model_config, "defer_build": True}
    warnings.simplefilter("ignore", UnsupportedFieldAttributeWarning)
