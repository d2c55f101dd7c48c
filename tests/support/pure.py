"""Files in which every test needs a server: `--pure` leaves them out unread, once it has seen them."""

import hashlib
import re
import sys
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLACE = "files/servers"
#: Whatever tests import: changed fixtures and marks change what a test needs.
SUPPORT = ("tests", "libs/common/testkit")
_IMPORT = re.compile(r"^\s*(?:from|import)\s[^\n(]*(?:\([^)]*\))?", re.MULTILINE)
_TEST_MODULE = re.compile(r"\btest_\w+")


class ServerFiles:
    """What earlier runs saw, in the cache of pytest, by digests of each file and of all that tests import.

    A file that has changed, or any where a change may be felt in it, is imported again: of tests none is lost.
    """

    def __init__(self, cache: pytest.Cache | None, root: Path = ROOT) -> None:
        self._cache = cache  # none: pytest runs without
        self._root = root

    def __contains__(self, path: Path) -> bool:
        """Whether all tests of a file are known to need a server; of a file outside the checkout nothing is."""
        name = self._name(path)
        return name is not None and self._known.get(name) == self._digests.get(name, "")

    def learn(self, needs: Iterable[tuple[Path, bool]]) -> None:
        """Keep what a run saw that looked at all tests of these files: (file, needs a server) of each test."""
        files: dict[Path, bool] = {}
        for path, server in needs:
            files[path] = files.get(path, True) and server
        names = (self._name(path) for path, alone in files.items() if alone)
        found = {name: self._digests[name] for name in names if name is not None and name in self._digests}
        known = {name: digest for name, digest in self._known.items() if self._digests.get(name) == digest}
        if self._cache is not None and found.items() - known.items():
            self._cache.set(PLACE, {self._version: {**known, **found}})

    @cached_property
    def _known(self) -> Mapping[str, str]:
        """The digest of each file when it was last seen; of no file where what tests import has changed."""
        known: dict[str, dict[str, str]] = self._cache.get(PLACE, {}) if self._cache is not None else {}
        return known.get(self._version, {}) if known else {}

    @cached_property
    def _texts(self) -> Mapping[str, str]:
        paths = sorted(path for top in SUPPORT for path in (self._root / top).rglob("*.py"))
        return {path.relative_to(self._root).as_posix(): path.read_text() for path in paths}

    @cached_property
    def _digests(self) -> Mapping[str, str]:
        return {name: digest(text) for name, text in self._texts.items() if _is_test(name)}

    @cached_property
    def _version(self) -> str:
        """All that is imported by tests, other tests included, and the pytest that finds their fixtures."""
        shared = _imported(self._texts.values())
        texts = [text for name, text in self._texts.items() if not _is_test(name) or Path(name).stem in shared]
        return digest("\n".join([sys.version, pytest.__version__, *texts]))

    def _name(self, path: Path) -> str | None:
        """Return what a file is known by; None outside the checkout, as where a link to it leads there."""
        return path.relative_to(self._root).as_posix() if path.is_relative_to(self._root) else None


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _is_test(name: str) -> bool:
    return Path(name).name.startswith("test_")


def _imported(texts: Iterable[str]) -> Collection[str]:
    """Return the modules of tests that other modules import."""
    return {module for text in texts for line in _IMPORT.findall(text) for module in _TEST_MODULE.findall(line)}
