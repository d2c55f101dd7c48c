"""What was said of a file before, said again without reading the file: as mypy and ruff do between two runs."""

import hashlib
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import pytest

from tests.architecture.sources import Source

HERE = Path(__file__).parent

Said = TypeVar("Said")


class Memory:
    """What each rule said of each text, in the cache of pytest (`--cache-clear` empties it).

    It holds as long as neither the text nor the rule's file nor any of this folder is changed: a rule may look at
    nothing else, and says what JSON can hold (lists, no tuples).
    """

    def __init__(self, cache: pytest.Cache | None, rules: Path = HERE) -> None:
        self._cache = cache  # none: pytest runs without
        self._rules = rules

    def of(self, rule: Callable[[Source], Said], files: Iterable[Source]) -> Sequence[tuple[Source, Said]]:
        """Return each file with what the rule says of it."""
        if self._cache is None:
            return [(one, rule(one)) for one in files]
        place = f"architecture/{rule.__module__}.{rule.__qualname__}"
        version = digest(f"{self._version}\n{Path(rule.__code__.co_filename).read_text()}")
        known: dict[str, Said] = self._cache.get(place, {}).get(version, {})
        digests = [(one, digest(one.text)) for one in files]
        said = {text: known[text] if text in known else rule(one) for one, text in digests}
        if said.keys() - known.keys():
            self._cache.set(place, {version: said})
        return [(one, said[text]) for one, text in digests]

    @cached_property
    def _version(self) -> str:
        """All files of the folder, and the Python that parses."""
        return digest("\n".join([sys.version, *(path.read_text() for path in sorted(self._rules.glob("*.py")))]))


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
