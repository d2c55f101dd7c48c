"""Use cases: a desk says what it pays; numbers are made anew from what leads count for."""

from collections.abc import Sequence

from libs.common.platform.db import Transaction
from libs.common.platform.http.stale import stale
from services.tasks.context import Context
from services.tasks.errors import NotFoundError
from services.tasks.numbers import store
from services.tasks.numbers.convert import read_figures
from services.tasks.numbers.pay import PayPart
from services.tasks.numbers.queries import ZONE, pay_parts
from services.tasks.numbers.rules import Cell, Measures, counted
from services.tasks.numbers.schemas import PayTableIn, PayTableOut, PayTablePartOut

# No row to lock is there before the first table: the desk's stands for it.
LOCK = "SELECT FROM desk WHERE desk = $1 FOR NO KEY UPDATE"
WRITE = """
INSERT INTO pay_table (desk, version, parts, changed_at, changed_by) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (desk) DO UPDATE SET version = excluded.version, parts = excluded.parts,
    changed_at = excluded.changed_at, changed_by = excluded.changed_by
"""
DESKS = "SELECT desk FROM desk ORDER BY desk"
_AT_ONCE = 5000


async def put_pay_table(ctx: Context, desk: str, seen: int, wanted: PayTableIn, subject: str) -> PayTableOut:
    """Keep what a desk pays by conversion; what it says of days that are over counts for these too.

    Raises NotFoundError, and Problem 412 with the table as it is.
    """
    async with ctx.db.begin() as tx:
        await tx.conn.execute(LOCK, desk)
        if await tx.conn.fetchval(ZONE, desk) is None:
            raise NotFoundError
        version, parts = await pay_parts(tx.conn, desk)
        if version != seen:
            raise stale(pay_table(desk, version, parts))
        said = [part.model_dump(mode="json") for part in wanted.parts]
        await tx.conn.execute(WRITE, desk, version + 1, said, ctx.now(), subject)
        await tx.commit()
    return pay_table(desk, version + 1, [part.part() for part in wanted.parts])


def pay_table(desk: str, version: int, parts: Sequence[PayPart]) -> PayTableOut:
    """Return a pay table as it is shown."""
    return PayTableOut(desk=desk, version=version, parts=[PayTablePartOut.of(part) for part in parts])


async def rebuild(ctx: Context, desk: str) -> int:
    """Make the numbers of a desk anew from what its leads count for; return how many rows were not as they are now.

    Nothing of the desk is counted meanwhile: the processes that count are locked, as every batch locks its own.
    """
    async with ctx.db.begin() as tx:
        await tx.conn.execute("SET LOCAL lock_timeout = 0")
        await tx.conn.execute("SET LOCAL statement_timeout = 0")
        await tx.conn.execute("LOCK TABLE numbers IN SHARE ROW EXCLUSIVE MODE")
        before = await store.stored(tx.conn, desk)
        after = await _counted(tx, desk)
        await tx.conn.execute(store.FORGET, desk)
        rows = [store.NumbersRow(desk, span, cell, after[span, cell]) for span, cell in sorted(after)]
        for first in range(0, len(rows), _AT_ONCE):
            await tx.conn.execute(store.ADD, *store.ROWS.arrays(rows[first : first + _AT_ONCE]))
        await tx.commit()
    return sum(before.get(key) != after.get(key) for key in {**before, **after})


async def rebuild_all(ctx: Context) -> dict[str, int]:
    """Make the numbers of all desks anew; return for each how many rows were wrong."""
    return {row["desk"]: await rebuild(ctx, row["desk"]) for row in await ctx.db.pool.fetch(DESKS)}


async def _counted(tx: Transaction, desk: str) -> dict[tuple[str, Cell], Measures]:
    sums: dict[tuple[str, Cell], Measures] = {}
    async for row in tx.conn.cursor(store.COUNTED, desk, prefetch=_AT_ONCE):
        for each in store.summed([(desk, counted(read_figures(row["figures"])))]):
            key = each.span, each.cell
            sums[key] = sums.get(key, Measures()).plus(each.measures)
    return {key: measures for key, measures in sums.items() if any(measures)}
