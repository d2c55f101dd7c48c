"""What another program made of files, made anew when one of them has changed: as builds do."""

import hashlib
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import pytest

Made = TypeVar("Made")

ROOT = Path(__file__).resolve().parents[2]
CODE = ("libs", "services", "deploy")


def remembered(
    cache: pytest.Cache | None, place: str, files: Iterable[Path], more: Iterable[str], make: Callable[[], Made]
) -> Made:
    """Return what `make` returned when the files and the other words were the same: JSON, kept by pytest's cache.

    The files, with their names, and the words are all that it may be made of, the program's own version included.
    """
    texts = (b"%s\n%s" % (str(path).encode(), path.read_bytes()) for path in sorted(files))
    version = hashlib.sha256(b"\0".join([*(word.encode() for word in more), *texts])).hexdigest()
    known: dict[str, Made] = cache.get(place, {}) if cache is not None else {}
    if version in known:
        return known[version]
    made = make()
    if cache is not None:
        cache.set(place, {version: made})
    return made


def remembered_of_code(
    cache: pytest.Cache | None, place: str, make: Callable[[], Made], made_by: str | None = None
) -> Made:
    """Return what `make` returned when all of the product's files, its packages and Python were the same.

    `made_by` is a file, too, that says how it is made.
    """
    files = [path for top in CODE for path in (ROOT / top).rglob("*") if path.is_file() and path.suffix != ".pyc"]
    own = [Path(made_by)] if made_by else []
    return remembered(cache, place, [*files, ROOT / "requirements.lock", *own], [sys.version], make)
