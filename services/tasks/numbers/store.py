"""Rollups: rows in, added to in the transaction of what they count, and made anew from the processes."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from libs.common.platform.db import Connection
from libs.common.platform.db.bulk import Bulk
from services.tasks.numbers.rules import Cell, Counted, Measures


class NumbersRow(NamedTuple):
    """A row of `numbers`, or what is added to it."""

    desk: str
    span: str
    cell: Cell
    measures: Measures


ROWS: Bulk[NumbersRow] = Bulk(
    "numbers",
    (
        ("desk", "text", lambda row: row.desk),
        ("span", "text", lambda row: row.span),
        ("day", "date", lambda row: row.cell.day),
        ("operator_id", "uuid", lambda row: row.cell.operator_id),
        ("product", "text", lambda row: row.cell.product),
        ("source", "text", lambda row: row.cell.source),
        *((name, "bigint", lambda row, at=at: row.measures[at]) for at, name in enumerate(Measures._fields)),
    ),
)
ADD = f"""
{ROWS.insert()} ON CONFLICT (desk, span, day, operator_id, product, source)
DO UPDATE SET {", ".join(f"{name} = numbers.{name} + EXCLUDED.{name}" for name in Measures._fields)}
"""
FORGET = "DELETE FROM numbers WHERE desk = $1"
COUNTED = "SELECT figures FROM process WHERE desk = $1 AND figures IS NOT NULL"
ALL = "SELECT * FROM numbers WHERE desk = $1"


def summed(changes: Iterable[tuple[str, Counted]]) -> list[NumbersRow]:
    """Return what is added to which rows, of days and of months, in the order in which they are locked."""
    sums: dict[tuple[str, str, Cell], Measures] = defaultdict(Measures)
    for desk, cells in changes:
        for cell, measures in cells.items():
            for key in ((desk, "day", cell), (desk, "month", cell._replace(day=cell.day.replace(day=1)))):
                sums[key] = sums[key].plus(measures)
    return [NumbersRow(*key, measures) for key, measures in sorted(sums.items()) if any(measures)]


async def add(conn: Connection, changes: Sequence[tuple[str, Counted]]) -> None:
    """Add to the rollups, in one statement; none where nothing changes."""
    if changes and (rows := summed(changes)):
        await conn.execute(ADD, *ROWS.arrays(rows))


async def stored(conn: Connection, desk: str) -> dict[tuple[str, Cell], Measures]:
    """Return the rows of a desk that count anything."""
    found = {}
    for row in await conn.fetch(ALL, desk):
        cell = Cell(row["operator_id"], row["day"], row["product"], row["source"])
        measures = Measures(*(row[name] for name in Measures._fields))
        if any(measures):
            found[row["span"], cell] = measures
    return found
