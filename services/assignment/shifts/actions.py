"""Use cases of presence: check-in, check-out, pause, away. Who can be given work drains what waits."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from libs.common.contracts import Cause, Outgoing
from libs.common.contracts.assignment import ShiftEnded, ShiftStarted
from libs.common.contracts.shared import Presence
from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Transaction
from libs.common.platform.ids import uuid7
from services.assignment.context import Context
from services.assignment.errors import NoOperatorError, NotFoundError, SupervisorsAloneError, UnknownPauseError
from services.assignment.offers import store
from services.assignment.offers.actions import decide_and_save
from services.assignment.operators.convert import operator_changed
from services.assignment.pauses import store as pauses
from services.assignment.pools.rules import Choice, OperatorId
from services.assignment.shifts.handover import Leave, Left, check_out_of
from services.assignment.shifts.rules import Away, Move, PresenceCommand, ShiftStep, Whereabouts, move

SYSTEM = "system"  # the actor of what no person did
NOTHING = Left()

WHO = """
SELECT id, desks, subject FROM operator WHERE CASE WHEN $1::uuid IS NULL THEN subject = $2 ELSE id = $1 END
"""
WHEREABOUTS = "SELECT presence, away, active, pause_reason FROM operator WHERE id = $1"
SET_PRESENCE = """
WITH moved AS (
    UPDATE operator SET presence = $2, away = $7, presence_since = $3, pause_reason = $8,
        after_call_until = CASE WHEN $2 = 'checked_out' THEN NULL ELSE after_call_until END,
        version = version + 1 WHERE id = $1
    RETURNING id, desk
)
INSERT INTO presence_change (id, desk, operator_id, at, presence, actor, reason)
SELECT $5, desk, id, $3, $6, $4, coalesce($8, $9) FROM moved
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
AFTER_CALL_OVER = "SELECT id FROM operator WHERE after_call_until <= $1 ORDER BY id"
IS_AFTER_CALL_OVER = "EXISTS (SELECT FROM operator WHERE after_call_until <= $1)"
END_AFTER_CALL = """
UPDATE operator SET after_call_until = NULL
WHERE id = $1 AND after_call_until IS NOT NULL AND ($2::timestamptz IS NULL OR after_call_until <= $2) RETURNING id
"""
OWN = "SELECT id, away FROM operator WHERE subject = $1"
# The strictest of an operator's pools counts; who has none is given no work anyway.
_SILENT = """
FROM operator o JOIN heartbeat h ON h.operator_id = o.id
WHERE o.presence <> 'checked_out' AND o.away IS NULL AND h.at < clock_timestamp() - make_interval(mins => (
    SELECT min(nullif(p.away_after, 0)) FROM seat s JOIN pool p ON p.id = s.pool_id WHERE s.operator_id = o.id))
"""
SILENT = f"SELECT o.id {_SILENT} ORDER BY o.id"
ARE_SILENT = f"EXISTS (SELECT {_SILENT})"
# A heartbeat that comes now waits for this lock, then finds the operator away and brings them back.
STILL_SILENT = f"SELECT o.id {_SILENT} AND o.id = $1 FOR NO KEY UPDATE OF h"


async def change_presence(
    ctx: Context,
    caller: Principal,
    command: PresenceCommand,
    operator_id: UUID | None,
    cause: Cause,
    reason: str | None = None,
) -> OperatorId:
    """Apply a command to the caller's own operator, or to `operator_id` for a supervisor (P.6).

    Returns the operator's id; a repeat changes nothing. Raises NotFoundError, and what `move` raises.
    """
    async with ctx.db.begin() as tx:
        who = await _who(tx, caller, operator_id)
        await _change(ctx, tx, who, command, caller.sub, cause, reason)
        await tx.commit()
        return who


async def check_out_operator(
    ctx: Context, caller: Principal, operator_id: UUID | None, leave: Leave, cause: Cause
) -> OperatorId:
    """End a shift, once all of it is handed over (S4.6), and return the operator's id; a repeat changes nothing.

    Raises NotFoundError, HandoverDueError with every fault, SupervisorsAloneError.
    """
    if leave.override is not None and not caller.sees_whole_desks:
        raise SupervisorsAloneError
    async with ctx.db.begin() as tx:
        who = await _who(tx, caller, operator_id)
        # The heir too: they do not leave in the same moment.
        both = [who] if leave.heir_id is None else [who, leave.heir_id]
        await store.load(tx, store.Scope(operators=both))
        left = await check_out_of(tx.conn, who, leave, ctx.now())
        await _change(ctx, tx, who, PresenceCommand.CHECK_OUT, caller.sub, cause, leave.override, left)
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
    ctx: Context,
    tx: Transaction,
    who: OperatorId,
    command: PresenceCommand,
    actor: str,
    cause: Cause,
    reason: str | None = None,
    left: Left = NOTHING,
) -> None:
    # Loaded once for the locks, and again below after the change of presence.
    locked = await store.load(tx, store.Scope(operators=[who]))
    if command is PresenceCommand.PAUSE and reason is not None:
        await _known_reason(tx, who, reason)
    step = move(await whereabouts(tx, who), command, reason)
    if step.changed:
        events = await apply_move(ctx, tx, who, step, actor, cause, reason, left)
        changed = await operator_changed(tx, who, ctx.now(), cause)
        # What is handed over at the end of a shift goes before all else that its operator leaves behind.
        events = [*events, changed] if step.shift is ShiftStep.END else [changed, *events]
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
    presence = Presence(row["presence"])
    reason = row["pause_reason"] if presence is Presence.PAUSED else None
    return Whereabouts(presence, away, active=row["active"], reason=reason)


async def apply_move(
    ctx: Context,
    tx: Transaction,
    who: OperatorId,
    step: Move,
    actor: str,
    cause: Cause,
    override: str | None = None,
    left: Left = NOTHING,
) -> Sequence[Outgoing]:
    """Write a change of presence and return the events of the shift; the caller sends `operator.changed`.

    `override`: why they may leave though something is not handed over; the record of changes keeps it.
    """
    now, after = ctx.now(), step.after
    said = override if step.shift is ShiftStep.END else None
    moved = who, after.presence, now, actor, uuid7(), after.shown, after.away, after.reason, said
    await tx.conn.execute(SET_PRESENCE, *moved)
    paused = after.presence is Presence.PAUSED
    await pauses.follow(tx.conn, who, now, paused=paused, reason=after.reason if paused else None)
    desk: str = await tx.conn.fetchval("SELECT desk FROM operator WHERE id = $1", who)
    key = f"operator:{who}"
    if step.shift is not ShiftStep.NONE:
        await tx.conn.execute(FORGET_HEARTBEAT, who)
    if step.shift is ShiftStep.START:
        await tx.conn.execute(START_SHIFT, who, uuid7(), now)
        return [Outgoing(key, desk, now, ShiftStarted(operator_id=who, at=now), cause)]
    if step.shift is ShiftStep.END:
        await tx.conn.execute(END_SHIFT, who, now)
        handed = {"heir_id": left.heir_id, "handed": left.conversations, "actor": actor if left.heir_id else None}
        ended = ShiftEnded.model_validate({"operator_id": who, "at": now, **handed})
        return [Outgoing(key, desk, now, ended, cause)]
    return []


async def end_after_call(ctx: Context, caller: Principal) -> OperatorId:
    """End the caller's work after a call before its time; nothing where there is none. Raises NoOperatorError."""
    row = await ctx.db.pool.fetchrow(OWN, caller.sub)
    if row is None:
        raise NoOperatorError
    await _end_after_call(ctx, OperatorId(row["id"]), None)
    return OperatorId(row["id"])


async def end_after_calls(ctx: Context) -> int:
    """End the work after calls whose time is over; return of how many operators."""
    now = ctx.now()
    over = [OperatorId(row["id"]) for row in await ctx.db.pool.fetch(AFTER_CALL_OVER, now)]
    for who in over:
        await _end_after_call(ctx, who, now)
    return len(over)


async def _end_after_call(ctx: Context, who: OperatorId, over: datetime | None) -> None:
    """End it if its time is over by then (None: whenever that is), and give the operator what waits."""
    async with ctx.db.begin() as tx:
        locked = await store.load(tx, store.Scope(operators=[who]))
        if await tx.conn.fetchval(END_AFTER_CALL, who, over) is None:
            return
        snapshot = await store.reload(tx, locked)
        await decide_and_save(ctx, tx, snapshot, Choice.DRAINED_WORK_FINISHED, drain=True)
        await tx.commit()


async def _known_reason(tx: Transaction, who: OperatorId, reason: str) -> None:
    """Raises UnknownPauseError where the desk names its reasons, and this is none of them."""
    codes = await pauses.codes_for(tx.conn, who)
    if codes and reason not in codes:
        raise UnknownPauseError(codes)


async def _who(tx: Transaction, caller: Principal, operator_id: UUID | None) -> OperatorId:
    row = await tx.conn.fetchrow(WHO, operator_id, caller.sub)
    if row is None:
        raise NotFoundError
    is_manager = caller.sees_whole_desks and any(map(caller.may_see, row["desks"]))
    if row["subject"] != caller.sub and not is_manager:
        raise NotFoundError
    return OperatorId(row["id"])
