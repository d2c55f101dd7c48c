"""Rows of a table as PostgreSQL copies them (binary COPY), and the same rows again with what tells copies apart.

The format is that of "Binary Format" in PostgreSQL's page of COPY: a header of 19 bytes, then for each row the
number of its fields (16 bits) and each field's length (32 bits, -1 for NULL) before its content.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
END = b"\xff\xff"
_FIELDS, _LENGTH = struct.Struct(">h"), struct.Struct(">i")


class Change(NamedTuple):
    """What becomes of a field in copy `g`: its first `size` bytes (None: all) are others, as many."""

    size: int | None
    of: Callable[[bytes, int], bytes]


class Rows:
    """Rows, split once at what changes, so that a copy is one join."""

    def __init__(self, copied: bytes, changes: Sequence[Change | None]) -> None:
        """Take what COPY gave, and the change of each column. Raises ValueError when it is no binary COPY."""
        if not copied.startswith(HEADER):
            raise ValueError("no binary COPY, or one with an extended header")
        self._literals: list[bytes] = []
        self._order: list[int] = []  # of what changes, place by place: which of the distinct ones
        distinct: dict[tuple[Change, bytes], int] = {}
        start = len(HEADER)
        for at, size, change in _fields(copied, changes):
            if change is not None:
                end = at + (size if change.size is None else change.size)
                self._literals.append(copied[start:at])
                self._order.append(distinct.setdefault((change, copied[at:end]), len(distinct)))
                start = end
        self._literals.append(copied[start:].removesuffix(END))
        self._distinct = tuple(distinct)

    def copy(self, g: int) -> bytes:
        """Return the rows of copy `g`, without header and end."""
        values = [change.of(content, g) for change, content in self._distinct]
        woven = [b""] * (2 * len(self._order) + 1)
        woven[::2] = self._literals
        woven[1::2] = [values[which] for which in self._order]
        return b"".join(woven)


def _fields(copied: bytes, changes: Sequence[Change | None]) -> Iterator[tuple[int, int, Change | None]]:
    """Give place and length of each field that is not NULL, with its column's change."""
    at = len(HEADER)
    while copied[at : at + 2] != END:
        (fields,) = _FIELDS.unpack_from(copied, at)
        at += _FIELDS.size
        for _, change in zip(range(fields), changes, strict=True):
            (size,) = _LENGTH.unpack_from(copied, at)
            at += _LENGTH.size
            if size >= 0:
                yield at, size, change
                at += size
