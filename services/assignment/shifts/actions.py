"""Use cases of presence: check-in, check-out, pause, away. Who can be given work drains what waits."""

from collections.abc import Sequence
from uuid import UUID

from libs.common.contracts import Cause, Outgoing
from libs.common.contracts.assignment import ShiftEnded, ShiftStarted
from libs.common.contracts.shared import Presence
from libs.common.platform.auth.principal import Principal, Role
from libs.common.platform.db import Transaction
from libs.common.platform.ids import uuid7
from services.assignment.context import Context
from services.assignment.errors import NoOperatorError, NotFoundError
from services.assignment.offers import store
from services.assignment.offers.actions import decide_and_save
from services.assignment.operators.convert import operator_changed
from services.assignment.pools.rules import Choice, OperatorId
from services.assignment.shifts.rules import Away, Move, PresenceCommand, ShiftStep, Whereabouts, move

SYSTEM = "system"  # the actor of what no person did

WHO = """
SELECT id, desks, subject FROM operator WHERE CASE WHEN $1::uuid IS NULL THEN subject = $2 ELSE id = $1 END
"""
WHEREABOUTS = "SELECT presence, away, active FROM operator WHERE id = $1"
SET_PRESENCE = """
WITH moved AS (
    UPDATE operator SET presence = $2, away = $7, presence_since = $3, version = version + 1 WHERE id = $1
    RETURNING id, desk
)
INSERT INTO presence_change (id, desk, operator_id, at, presence, actor)
SELECT $5, desk, id, $3, $6, $4 FROM moved
"""
START_SHIFT = (
    "INSERT INTO shift (id, desk, operator_id, started_at) SELECT $2, desk, id, $3 FROM operator WHERE id = $1"
)
END_SHIFT = """
UPDATE shift SET ended_at = greatest($2, started_at) WHERE operator_id = $1 AND ended_at IS NULL
"""
# Heartbeats belong to a shift: who has sent none in it is never found silent.
FORGET_HEARTBEAT = "DELETE FROM heartbeat WHERE operator_id = $1"
HEARTBEAT = """
INSERT INTO heartbeat AS h (operator_id, desk, at)
SELECT id, desk, clock_timestamp() FROM operator WHERE subject = $1 AND presence <> 'checked_out'
ON CONFLICT (operator_id) DO UPDATE SET at = greatest(h.at, excluded.at)
"""
OWN = "SELECT id, away FROM operator WHERE subject = $1"
# The strictest of an operator's pools counts; who has none is given no work anyway.
_SILENT = """
FROM operator o JOIN heartbeat h ON h.operator_id = o.id
WHERE o.presence <> 'checked_out' AND o.away IS NULL AND h.at < clock_timestamp() - make_interval(mins => (
    SELECT min(nullif(p.away_after, 0)) FROM seat s JOIN pool p ON p.id = s.pool_id WHERE s.operator_id = o.id))
"""
SILENT = f"SELECT o.id {_SILENT} ORDER BY o.id"
# A heartbeat that comes now waits for this lock, then finds the operator away and brings them back.
STILL_SILENT = f"SELECT o.id {_SILENT} AND o.id = $1 FOR NO KEY UPDATE OF h"


async def change_presence(
    ctx: Context, caller: Principal, command: PresenceCommand, operator_id: UUID | None, cause: Cause
) -> OperatorId:
    """Apply a command to the caller's own operator, or to `operator_id` for a supervisor (P.6).

    Returns the operator's id; a repeat changes nothing. Raises NotFoundError, and what `move` raises.
    """
    async with ctx.db.begin() as tx:
        who = await _who(tx, caller, operator_id)
        await _change(ctx, tx, who, command, caller.sub, cause)
        await tx.commit()
        return who


async def hear(ctx: Context, caller: Principal, cause: Cause) -> OperatorId:
    """Store a heartbeat of the caller's shift; one who was found silent is back. Raises NoOperatorError."""
    async with ctx.db.begin() as tx:
        await tx.conn.execute(HEARTBEAT, caller.sub)
        row = await tx.conn.fetchrow(OWN, caller.sub)
        await tx.commit()
    if row is None:
        raise NoOperatorError
    if row["away"] == Away.SILENT:
        async with ctx.db.begin() as tx:
            await _change(ctx, tx, OperatorId(row["id"]), PresenceCommand.HEARTBEAT, caller.sub, cause)
            await tx.commit()
    return OperatorId(row["id"])


async def find_silent(ctx: Context) -> int:
    """Put every operator away whose heartbeats stay out; return how many."""
    found = 0
    for row in await ctx.db.pool.fetch(SILENT):
        async with ctx.db.begin() as tx:
            who, cause = OperatorId(row["id"]), Cause.fresh()
            await store.load(tx, store.Scope(operators=[who]))
            if await tx.conn.fetchval(STILL_SILENT, who) is not None:
                await _change(ctx, tx, who, PresenceCommand.SILENCE, SYSTEM, cause)
                found += 1
            await tx.commit()
    return found


async def _change(
    ctx: Context, tx: Transaction, who: OperatorId, command: PresenceCommand, actor: str, cause: Cause
) -> None:
    # Loaded once for the locks, and again below after the change of presence.
    locked = await store.load(tx, store.Scope(operators=[who]))
    step = move(await whereabouts(tx, who), command)
    if step.changed:
        events = await apply_move(ctx, tx, who, step, actor, cause)
        events = [await operator_changed(tx, who, ctx.now(), cause), *events]
        snapshot = await store.reload(tx, locked)
        checks_in = command is PresenceCommand.CHECK_IN
        choice = Choice.DRAINED_AT_CHECK_IN if checks_in else Choice.DRAINED_OPERATOR_CHANGED
        await decide_and_save(ctx, tx, snapshot, choice, drain=step.can_be_given_work, also=events)


async def whereabouts(tx: Transaction, who: OperatorId) -> Whereabouts:
    """Return where a locked operator is."""
    row = await tx.conn.fetchrow(WHEREABOUTS, who)
    if row is None:
        raise LookupError(who)
    away = Away(row["away"]) if row["away"] else None
    return Whereabouts(Presence(row["presence"]), away, active=row["active"])


async def apply_move(
    ctx: Context, tx: Transaction, who: OperatorId, step: Move, actor: str, cause: Cause
) -> Sequence[Outgoing]:
    """Write a change of presence and return the events of the shift; the caller sends `operator.changed`."""
    now, after = ctx.now(), step.after
    await tx.conn.execute(SET_PRESENCE, who, after.presence, now, actor, uuid7(), after.shown, after.away)
    desk: str = await tx.conn.fetchval("SELECT desk FROM operator WHERE id = $1", who)
    key = f"operator:{who}"
    if step.shift is not ShiftStep.NONE:
        await tx.conn.execute(FORGET_HEARTBEAT, who)
    if step.shift is ShiftStep.START:
        await tx.conn.execute(START_SHIFT, who, uuid7(), now)
        return [Outgoing(key, desk, now, ShiftStarted(operator_id=who, at=now), cause)]
    if step.shift is ShiftStep.END:
        await tx.conn.execute(END_SHIFT, who, now)
        return [Outgoing(key, desk, now, ShiftEnded(operator_id=who, at=now), cause)]
    return []


async def _who(tx: Transaction, caller: Principal, operator_id: UUID | None) -> OperatorId:
    row = await tx.conn.fetchrow(WHO, operator_id, caller.sub)
    if row is None:
        raise NotFoundError
    is_manager = caller.has(Role.SUPERVISOR, Role.ADMIN) and any(map(caller.may_see, row["desks"]))
    if row["subject"] != caller.sub and not is_manager:
        raise NotFoundError
    return OperatorId(row["id"])
