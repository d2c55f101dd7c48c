"""Use cases of the schedule: weeks are planned ahead, single shifts planned and cancelled, who comes is seen."""

from uuid import UUID

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Transaction
from libs.common.platform.http.problems import NotKnownYetError
from libs.common.platform.versions import StaleVersionError
from services.assignment.context import Context
from services.assignment.errors import (
    NotFoundError,
    PlanRefusedError,
    ShiftOverError,
)
from services.assignment.schedule import store
from services.assignment.schedule.rules import AHEAD, LIVE, Asked, PlanFault, faults, planned_of, weekly

OPERATOR = "SELECT subject, active FROM operator WHERE id = $1 AND $2 = ANY (desks) FOR NO KEY UPDATE"
OWN = "SELECT * FROM planned_shift WHERE id = $1 FOR UPDATE"
CANCEL = "UPDATE planned_shift SET state = 'cancelled', version = version + 1 WHERE id = $1"


async def plan_ahead(ctx: Context) -> int:
    """Plan the weeks of all desks so far ahead; return how many shifts are new."""
    found = 0
    async with ctx.db.begin() as tx:
        for row in await tx.conn.fetch(store.DESKS):
            found += await plan_desk(ctx, tx, row["desk"], row["zone"])
        await tx.commit()
    return found


async def plan_desk(ctx: Context, tx: Transaction, desk: str, zone: str) -> int:
    """Plan the week of a desk in the caller's transaction; return how many shifts are new."""
    now = ctx.now()
    ahead = weekly(await store.kinds_of(tx.conn, desk), zone, now, now + AHEAD)
    return len(await store.add(tx.conn, desk, list(ahead), weekly=True))


async def replan(ctx: Context, tx: Transaction, desk: str) -> None:
    """Plan the week of a desk anew, after its shifts or its clock have changed; of none while that is not known."""
    await store.forget_weekly(tx.conn, desk, ctx.now())
    zone = await tx.conn.fetchval(store.ZONE, desk)
    if zone is not None:
        await plan_desk(ctx, tx, desk, zone)


async def watch(ctx: Context) -> None:
    """See who of those on the schedule is there, and who is not (S2.2)."""
    await ctx.db.pool.execute(store.WATCH, ctx.now())


async def plan_shift(ctx: Context, caller: Principal, asked: Asked) -> UUID:
    """Plan one shift of an operator and return its id; one that was cancelled is planned again.

    Raises NotFoundError, NotKnownYetError for a desk that assignment has not heard of, PlanRefusedError with every
    fault.
    """
    async with ctx.db.begin() as tx:
        row = await tx.conn.fetchrow(OPERATOR, asked.operator_id, asked.desk)
        if row is None or not caller.may_see(asked.desk):
            raise NotFoundError
        zone = await tx.conn.fetchval(store.ZONE, asked.desk)
        if zone is None:
            raise NotKnownYetError([{"pointer": "/desk", "kind": "desk", "name": asked.desk, "nearest": []}])
        kinds = {kind.code: kind for kind in await store.kinds_of(tx.conn, asked.desk)}
        if found := faults(asked, kinds, zone, ctx.now(), active=row["active"]):
            raise PlanRefusedError(found)
        planned = planned_of(asked, kinds, zone, row["subject"])
        made = await store.add(tx.conn, asked.desk, [planned], weekly=False)
        if not made:
            raise PlanRefusedError([PlanFault("day" if asked.day else "starts_at", "overlaps")])
        await tx.commit()
        return made[0]


async def cancel_shift(ctx: Context, caller: Principal, planned_id: UUID, seen: int) -> None:
    """Cancel a planned shift that has not ended. Raises NotFoundError, StaleVersionError, ShiftOverError."""
    async with ctx.db.begin() as tx:
        row = await tx.conn.fetchrow(OWN, planned_id)
        if row is None or not caller.may_see(row["desk"]):
            raise NotFoundError
        if row["version"] != seen:
            raise StaleVersionError
        if row["state"] not in LIVE:
            raise ShiftOverError
        await tx.conn.execute(CANCEL, planned_id)
        await tx.commit()
