"""Use cases of absences: they are planned and cancelled, and begin and end by the clock."""

from uuid import UUID

from libs.common.contracts import Cause
from libs.common.platform.auth.principal import Principal
from libs.common.platform.ids import uuid7
from libs.common.platform.versions import StaleVersionError
from services.assignment.absences import store as absences
from services.assignment.absences.rules import LIVE, AbsenceFault, AskedAbsence, faults, span
from services.assignment.context import Context
from services.assignment.errors import (
    AbsenceOverError,
    AbsenceOverlapsError,
    AbsenceRefusedError,
    NotFoundError,
)
from services.assignment.offers import store
from services.assignment.offers.actions import decide_and_save
from services.assignment.operators.convert import operator_changed
from services.assignment.pools.rules import Choice, OperatorId


async def plan_absence(ctx: Context, caller: Principal, asked: AskedAbsence) -> UUID:
    """Plan an absence and return its id.

    Raises NotFoundError, AbsenceRefusedError with every fault, AbsenceOverlapsError.
    """
    desks = None if caller.sees_all_desks else list(caller.desks)
    async with ctx.db.begin() as tx:
        # Locked, so that two of one operator are not planned at once.
        row = await tx.conn.fetchrow(absences.OPERATOR, asked.operator_id, desks)
        if row is None:
            raise NotFoundError
        desk = row["desk"]
        zone = await tx.conn.fetchval(absences.ZONE, desk)
        if zone is None:
            raise AbsenceRefusedError([AbsenceFault("operator_id", "desk_not_known_yet")])
        works = await tx.conn.fetchval(absences.DEPUTY, asked.deputy_id, desk)
        if found := faults(asked, zone, ctx.now(), active=row["active"], deputy_works=works):
            raise AbsenceRefusedError(found)
        when, absence_id = span(asked, zone), uuid7()
        if (beside := await tx.conn.fetchval(absences.BESIDE, asked.operator_id, *when)) is not None:
            raise AbsenceOverlapsError(beside)
        what = asked.reason, asked.deputy_id, ctx.now(), caller.sub
        await tx.conn.execute(absences.ADD, absence_id, desk, asked.operator_id, *when, *what)
        await tx.commit()
    return absence_id


async def cancel_absence(ctx: Context, caller: Principal, absence_id: UUID, seen: int) -> None:
    """Cancel an absence that is not over; one under way ends within seconds.

    Raises NotFoundError, StaleVersionError, AbsenceOverError.
    """
    async with ctx.db.begin() as tx:
        row = await tx.conn.fetchrow(absences.OWN, absence_id)
        if row is None or not caller.may_see(row["desk"]):
            raise NotFoundError
        if row["version"] != seen:
            raise StaleVersionError
        if row["state"] not in LIVE:
            raise AbsenceOverError
        await tx.conn.execute(absences.CANCEL, absence_id)
        await tx.commit()


async def follow_absences(ctx: Context) -> int:
    """Begin and end absences by the clock; return how many operators have gone or are back.

    Who is back is given what waits, if they are on shift.
    """
    now = ctx.now()
    await ctx.db.pool.execute(absences.OVER, now)
    # Also one that took the place of one under way: of its operator nothing may change.
    await ctx.db.pool.execute(absences.BEGUN, now)
    found = [OperatorId(row["id"]) for row in await ctx.db.pool.fetch(absences.CHANGING, now)]
    for who in found:
        async with ctx.db.begin() as tx:
            locked = await store.load(tx, store.Scope(operators=[who]))
            row = await tx.conn.fetchrow(absences.SET, now, who)
            if row is None:
                continue
            event = await operator_changed(tx, who, now, Cause.fresh())
            snapshot = await store.reload(tx, locked)
            back, why = row["absent_until"] is None, Choice.DRAINED_OPERATOR_CHANGED
            await decide_and_save(ctx, tx, snapshot, why, drain=back, also=[event])
            await tx.commit()
    return len(found)
