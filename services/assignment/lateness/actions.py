"""Use cases of lateness: the clock records it, who will be late announces it, others excuse it."""

from datetime import datetime
from uuid import UUID

import asyncpg

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Transaction
from libs.common.platform.versions import StaleVersionError
from services.assignment.attendance.rules import LatenessRule
from services.assignment.attendance.store import attendance_of
from services.assignment.context import Context
from services.assignment.errors import LatenessExcusedError, NotFoundError, ShiftBegunError
from services.assignment.lateness import store
from services.assignment.lateness.rules import judge, minutes_late

PLANNED = """
SELECT p.*, o.subject FROM planned_shift p JOIN operator o ON o.id = p.operator_id WHERE p.id = $1 FOR UPDATE OF p
"""
ANNOUNCE = """
UPDATE planned_shift SET announced_at = $2, announced_by = $3, announcement = $4, version = version + 1
WHERE id = $1
"""


async def record_lateness(ctx: Context) -> int:
    """Open a lateness of each shift that has begun without its operator, settle it once they come or it is over.

    Returns how many were settled.
    """
    now, settled = ctx.now(), 0
    async with ctx.db.begin() as tx:
        await store.open_begun(tx.conn, now)
        for row in await tx.conn.fetch(store.SETTLING, now):
            settled += await _settle(tx, row, now)
        await tx.commit()
    return settled


async def _settle(tx: Transaction, row: asyncpg.Record, now: datetime) -> bool:
    """Settle an open lateness; that of a shift which is no more, or of a rule that is no more, is none."""
    rule: LatenessRule | None = (await attendance_of(tx.conn, row["desk"])).lateness
    minutes = None if row["came_at"] is None else minutes_late(row["starts_at"], row["came_at"])
    over = row["planned_state"] in (None, "cancelled")
    if over or rule is None or (minutes is not None and minutes < rule.grace):
        await tx.conn.execute(store.NONE, row["id"])
        return False
    since = row["starts_at"] - rule.window
    before = await tx.conn.fetchval(store.BEFORE, row["operator_id"], row["desk"], since, row["starts_at"])
    excused = row["announced"] or row["excused_at"] is not None
    await store.settle(tx.conn, row["id"], judge(rule, minutes, before, excused=excused), rule.currency, now)
    return True


async def announce_lateness(ctx: Context, caller: Principal, planned_id: UUID, seen: int, reason: str) -> None:
    """Announce before a shift begins that its operator will be late: that excuses it.

    Raises NotFoundError, StaleVersionError, ShiftBegunError.
    """
    async with ctx.db.begin() as tx:
        row = await tx.conn.fetchrow(PLANNED, planned_id)
        if row is None or not _may_announce(caller, row):
            raise NotFoundError
        if row["version"] != seen:
            raise StaleVersionError
        if row["state"] != "planned" or row["starts_at"] <= ctx.now():
            raise ShiftBegunError
        await tx.conn.execute(ANNOUNCE, planned_id, ctx.now(), caller.sub, reason)
        await tx.commit()


def _may_announce(caller: Principal, row: asyncpg.Record) -> bool:
    return row["subject"] == caller.sub or (caller.sees_whole_desks and caller.may_see(row["desk"]))


async def excuse(ctx: Context, caller: Principal, lateness_id: UUID, seen: int, reason: str) -> None:
    """Excuse a lateness; those that were judged since stay as they are.

    Raises NotFoundError, StaleVersionError, LatenessExcusedError.
    """
    async with ctx.db.begin() as tx:
        row = await tx.conn.fetchrow(store.OWN, lateness_id)
        if row is None or not caller.may_see(row["desk"]):
            raise NotFoundError
        if row["version"] != seen:
            raise StaleVersionError
        if row["excused_at"] is not None:
            raise LatenessExcusedError
        await tx.conn.execute(store.EXCUSE, lateness_id, ctx.now(), caller.sub, reason)
        await tx.commit()
