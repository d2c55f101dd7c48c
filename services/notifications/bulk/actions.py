"""Use cases of bulk actions over messages: plan, apply, undo; a hundred at a time, the rest by the worker."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from uuid import UUID

from asyncpg import Record

from libs.common.domain.plans import BulkMemberState, Progress
from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Transaction
from libs.common.platform.ids import uuid7
from libs.common.platform.stages import begin, go_on
from libs.common.platform.versions import StaleVersionError
from services.notifications.bulk import store
from services.notifications.bulk.rules import LARGEST, Again, Member, MessageBulkKind, Note, Withdrawn, again
from services.notifications.bulk.store import Planned
from services.notifications.context import Context
from services.notifications.errors import (
    BulkActionStateError,
    NotFoundError,
    TooManyMessagesError,
)
from services.notifications.ladders.store import Step, fall, next_step, prospects
from services.notifications.messages.queries import Filter, oldest
from services.notifications.messages.store import apply_facts
from services.notifications.withdrawals.actions import WITHDRAWN


@dataclass(frozen=True, slots=True)
class PlanCommand:
    """Which messages of a desk, what is done to each, and why in words."""

    desk: str
    action: MessageBulkKind
    selection: Filter
    shown: Mapping[str, object]
    comment: str


async def plan_bulk_action(ctx: Context, caller: Principal, command: PlanCommand) -> UUID:
    """Store which messages would be withdrawn, and why others cannot be; nothing is done yet.

    Raises NotFoundError for a foreign desk, TooManyMessagesError.
    """
    if not caller.may_see(command.desk):
        raise NotFoundError
    rows = await oldest(ctx.core.db, command.selection, LARGEST + 1)
    if len(rows) > LARGEST:
        raise TooManyMessagesError(LARGEST)
    found = [
        Member(position, row["id"], row["lead_id"], row["purpose"], row["template"], row["channel"])
        for position, row in enumerate(rows)
    ]
    async with ctx.core.db.begin() as tx:
        notes = await store.obstacles(tx.conn, [member.message_id for member in found])
        members = [_noted(member, notes[member.message_id], BulkMemberState.STAYS) for member in found]
        words = command.desk, command.action, command.shown, command.comment
        plan = Planned(uuid7(), *words, members, ctx.core.clock.now(), caller.sub)
        await store.add(tx.conn, plan)
        await tx.commit()
    return plan.id


async def apply_bulk_action(ctx: Context, caller: Principal, bulk_action_id: UUID, seen: int) -> None:
    """Begin to withdraw what was planned. Raises NotFoundError, StaleVersionError, BulkActionStateError."""
    await _begin(ctx, caller, bulk_action_id, seen, Progress.PLANNED, Progress.APPLYING)


async def undo_bulk_action(ctx: Context, caller: Principal, bulk_action_id: UUID, seen: int) -> None:
    """Begin to let messages leave after all, each once.

    Raises NotFoundError, StaleVersionError, BulkActionStateError.
    """
    await _begin(ctx, caller, bulk_action_id, seen, Progress.APPLIED, Progress.UNDOING)


async def continue_bulk_action(ctx: Context) -> bool:
    """Do the next members of a bulk action that is under way; return whether there was one."""
    return await go_on(partial(_continue, ctx, None))


async def _begin(
    ctx: Context, caller: Principal, bulk_action_id: UUID, seen: int, before: Progress, after: Progress
) -> None:
    async with ctx.core.db.begin() as tx:
        row = await store.PLANS.lock(tx.conn, bulk_action_id)
        if row is None or not caller.may_see(row["desk"]):
            raise NotFoundError
        if row["version"] != seen:
            raise StaleVersionError
        if row["state"] != before:
            raise BulkActionStateError(row["state"])
        await store.PLANS.move_on(tx.conn, bulk_action_id, after, ctx.core.clock.now(), caller.sub)
        await tx.commit()
    await begin(partial(_continue, ctx, bulk_action_id))


async def _continue(ctx: Context, only: UUID | None, limit: int, *, failed: bool = False) -> bool:
    """Do the next members of one that is under way, or of whichever is; return whether there was one."""
    async with ctx.core.db.begin() as tx:
        row = await (store.PLANS.under_way(tx.conn) if only is None else store.PLANS.lock(tx.conn, only))
        if row is None or row["state"] not in (Progress.APPLYING, Progress.UNDOING):
            return False
        await _step(ctx, tx, row, limit, failed=failed)
        tx.after_commit("sender", ctx.due.set)
        await tx.commit()
        return True


async def _step(ctx: Context, tx: Transaction, row: Record, limit: int, *, failed: bool) -> None:
    """Do the next members, and end the stage when none is left."""
    undoing = row["state"] == Progress.UNDOING
    actor = row["undone_by"] if undoing else row["applied_by"]
    waiting = BulkMemberState.DONE if undoing else BulkMemberState.PLANNED
    found = await store.members(tx.conn, row["id"], waiting, limit + 1)
    if failed:
        given_up = BulkMemberState.KEPT if undoing else BulkMemberState.CHANGED
        after = [replace(member, state=given_up, note=Note.FAILED) for member in found[:limit]]
    elif undoing:
        after = await _undo(ctx, tx, row["desk"], found[:limit])
    else:
        after = await _withdraw(ctx, tx, found[:limit], actor)
    await store.save(tx.conn, row["id"], row["desk"], after)
    if len(found) <= limit and all(member.state is not waiting for member in after):
        done = Progress.UNDONE if undoing else Progress.APPLIED
        await store.PLANS.move_on(tx.conn, row["id"], done, ctx.core.clock.now(), actor)


async def _withdraw(ctx: Context, tx: Transaction, found: Sequence[Member], actor: str) -> list[Member]:
    """Stop what has not left, and return members as they are then; one that begins a new try stays planned."""
    now, messages = ctx.core.clock.now(), [member.message_id for member in found]
    stopped = await store.stop(tx, messages, actor, now)
    await apply_facts(tx, [(message_id, rung, WITHDRAWN) for message_id, rung in stopped], now)
    notes, of_ours = await store.obstacles(tx.conn, messages), {message_id for message_id, _ in stopped}
    return [
        replace(member, state=BulkMemberState.DONE)
        if member.message_id in of_ours and notes[member.message_id] is Note.ENDED
        else _noted(member, notes[member.message_id], BulkMemberState.CHANGED)
        for member in found
    ]


async def _undo(ctx: Context, tx: Transaction, desk: str, found: Sequence[Member]) -> list[Member]:
    """Let messages leave that are still of use, and return members as they are then."""
    now = ctx.core.clock.now()
    rows = await store.lock_withdrawn(tx, [member.message_id for member in found])
    left_out = await prospects(tx, {desk: [rung for row in rows.values() for rung in row.rungs]}, now)
    verdicts = {message_id: again(row, partial(left_out, desk), now) for message_id, row in rows.items()}
    steps = [
        _resumed(message_id, way, rows[message_id], now)
        for message_id, way in verdicts.items()
        if isinstance(way, Again)
    ]
    await fall(tx, steps)
    await store.restore(tx, [step.message_id for step in steps], now)
    return [
        replace(member, state=BulkMemberState.TAKEN_BACK, note=None)
        if isinstance(verdict := verdicts[member.message_id], Again)
        else replace(member, state=BulkMemberState.KEPT, note=verdict)
        for member in found
    ]


def _resumed(message_id: UUID, way: Again, found: Withdrawn, now: datetime) -> Step:
    return next_step(message_id, way.rung, way.ahead, way.passed, found.deadline, found.night, now)


def _noted(member: Member, note: Note | None, state: BulkMemberState) -> Member:
    """Return a member that stays as it is for a reason, in that state; without one, as it was."""
    return member if note is None else replace(member, state=state, note=note)
