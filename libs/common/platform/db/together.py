"""Several writes of a transaction in one statement: a round trip costs more than most of them.

All see the rows as they were before the statement, and run in no given order: no two may touch the same row.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from libs.common.platform.db.database import Connection

_PARAMETER = re.compile(r"\$(\d+)")


class Write(NamedTuple):
    """A statement that writes; its `parts` are common table expressions by name, each may read those before it.

    Their parameters count from 1 up to `parameters`. A `counted` one ends with a RETURNING.
    """

    name: str
    parts: tuple[tuple[str, str], ...]
    parameters: int
    counted: bool = False

    def after(self, first: int) -> list[str]:
        """Return the parts with their parameters moved behind `first` others."""
        return [
            f"{name} AS ({_PARAMETER.sub(lambda found: f'${int(found[1]) + first}', sql)})"
            for name, sql in self.parts
        ]


class Together:
    """Collects writes, then runs them as one statement."""

    def __init__(self) -> None:
        self._writes: list[Write] = []
        self._arguments: list[object] = []

    def add(self, write: Write, *arguments: object) -> None:
        """Add a write. Raises ValueError when its arguments are not as many as its parameters."""
        if len(arguments) != write.parameters:
            raise ValueError(f"{write.name} takes {write.parameters} arguments")
        self._writes.append(write)
        self._arguments += arguments

    async def run(self, conn: Connection) -> Mapping[str, int]:
        """Run what was added; return how many rows the counted writes have written."""
        if not self._writes:
            return {}
        row = await conn.fetchrow(_statement(tuple(self._writes)), *self._arguments)
        return {} if row is None else dict(row)


@cache  # as many as there are ways to combine writes
def _statement(writes: tuple[Write, ...]) -> str:
    parts: list[str] = []
    first = 0
    for write in writes:
        parts += write.after(first)
        first += write.parameters
    counted = [(write.parts[-1][0], write.name) for write in writes if write.counted]
    counts = ", ".join(f"(SELECT count(*) FROM {part}) AS {name}" for part, name in counted)  # noqa: S608 - names of our own
    return f"WITH {', '.join(parts)} SELECT {counts}"
