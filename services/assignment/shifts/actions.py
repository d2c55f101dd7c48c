"""Use cases of presence: check-in, check-out, pause. A check-in drains waiting work in the same transaction."""

from collections.abc import Sequence
from uuid import UUID

from libs.common.contracts import Cause, Outgoing
from libs.common.contracts.assignment import ShiftEnded, ShiftStarted
from libs.common.contracts.shared import Presence
from libs.common.platform.auth.principal import Principal, Role
from libs.common.platform.db import Transaction
from libs.common.platform.ids import uuid7
from services.assignment.context import Context
from services.assignment.errors import NotFoundError
from services.assignment.offers import store
from services.assignment.offers.actions import decide_and_save
from services.assignment.operators.convert import operator_changed
from services.assignment.pools.rules import Choice, OperatorId
from services.assignment.shifts.rules import Move, PresenceCommand, ShiftStep, move

WHO = """
SELECT id, desks, subject FROM operator WHERE CASE WHEN $1::uuid IS NULL THEN subject = $2 ELSE id = $1 END
"""
SET_PRESENCE = """
WITH moved AS (
    UPDATE operator SET presence = $2, presence_since = $3, version = version + 1 WHERE id = $1
    RETURNING id, desk
)
INSERT INTO presence_change (id, desk, operator_id, at, presence, actor)
SELECT $5, desk, id, $3, $2, $4 FROM moved
"""
START_SHIFT = (
    "INSERT INTO shift (id, desk, operator_id, started_at) SELECT $2, desk, id, $3 FROM operator WHERE id = $1"
)
END_SHIFT = """
UPDATE shift SET ended_at = greatest($2, started_at) WHERE operator_id = $1 AND ended_at IS NULL
"""


async def change_presence(
    ctx: Context, caller: Principal, command: PresenceCommand, operator_id: UUID | None, cause: Cause
) -> OperatorId:
    """Apply a command to the caller's own operator, or to `operator_id` for a supervisor (P.6).

    Returns the operator's id; a repeat changes nothing. Raises NotFoundError, and what `move` raises.
    """
    async with ctx.db.begin() as tx:
        who = await _who(tx, caller, operator_id)
        scope = await store.widen(tx, store.Scope(operators=[who]))
        # Loaded once for the locks and the presence, and again below after the change of presence.
        operator = (await store.load(tx, scope)).operators[who]
        step = move(operator.presence, command, active=operator.active)
        if step.changed:
            events = await apply_move(ctx, tx, who, step, caller.sub, cause)
            events = [await operator_changed(tx, who, ctx.now(), cause), *events]
            snapshot = await store.load(tx, scope)
            drain = step.presence is Presence.CHECKED_IN
            await decide_and_save(ctx, tx, snapshot, Choice.DRAINED_AT_CHECK_IN, drain=drain, also=events)
        await tx.commit()
        return who


async def apply_move(
    ctx: Context, tx: Transaction, who: OperatorId, step: Move, actor: str, cause: Cause
) -> Sequence[Outgoing]:
    """Write a change of presence and return the events of the shift; the caller sends `operator.changed`."""
    now = ctx.now()
    await tx.conn.execute(SET_PRESENCE, who, step.presence, now, actor, uuid7())
    desk: str = await tx.conn.fetchval("SELECT desk FROM operator WHERE id = $1", who)
    key = f"operator:{who}"
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
