"""Imports without what a library would like to have and we have no use for."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import cast

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
