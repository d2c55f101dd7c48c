"""Use cases of bulk actions: plan, apply, undo; a hundred members in a transaction, the rest by the worker."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from uuid import UUID

from libs.common.contracts import Cause
from libs.common.domain.plans import BulkMemberState, Progress
from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Transaction
from libs.common.platform.db.errors import is_transient
from libs.common.platform.ids import uuid7
from libs.common.platform.stages import MOST, begin, go_on
from libs.common.platform.telemetry.logs import get_logger
from libs.common.platform.versions import StaleVersionError
from services.tasks.bulk import store
from services.tasks.bulk.rules import (
    LARGEST,
    BulkKind,
    Member,
    Order,
    Wanted,
    doing,
    lasting,
    obstacle,
    refusal,
    undoing,
    untouched,
)
from services.tasks.bulk.store import BulkAction, Planned
from services.tasks.context import Context
from services.tasks.engine.deeds import deed_of
from services.tasks.engine.events import OutcomeGiven
from services.tasks.engine.state import Operator, OperatorId
from services.tasks.errors import (
    BulkActionStateError,
    NotFoundError,
    TooManyTasksError,
    UnfitOperatorError,
    UnknownOperatorError,
)
from services.tasks.mending import store as mending
from services.tasks.moves.actions import actor_of
from services.tasks.operators.queries import locked_operators, operator_of
from services.tasks.operators.rules import OperatorProfile, present, unfit
from services.tasks.processes.batch import Batch, Process
from services.tasks.redistributions.rules import Note
from services.tasks.tasks.actions import ids_in, people_for
from services.tasks.tasks.queries import TaskFilter, oldest

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PlanCommand:
    """Which open tasks of a desk, what is done to each, and why in words."""

    desk: str
    action: BulkKind
    selection: TaskFilter
    shown: Mapping[str, object]
    comment: str
    wanted: Wanted | None = None
    operator_id: UUID | None = None


async def plan_bulk_action(ctx: Context, caller: Principal, command: PlanCommand, cause: Cause) -> UUID:
    """Store what would be done to which tasks, and what of it could not be taken back; nothing is done yet.

    Raises NotFoundError for a foreign desk, UnknownOperatorError, UnfitOperatorError, TooManyTasksError.
    """
    if not caller.may_see(command.desk):
        raise NotFoundError
    async with ctx.db.begin() as tx:
        actor = actor_of(caller, await operator_of(tx.conn, caller.sub))
        to = await _target(tx, command)
    order = Order(command.desk, command.action, actor, command.comment, command.wanted, to)
    found = await _found(ctx, caller, command.selection)
    members: list[Member] = []
    for start in range(0, len(found), MOST):
        members += await _rehearse(ctx, order, found[start : start + MOST], cause)
    left = lasting(member.deed for member in members if member.deed)
    planned = [_planned(member) for member in members]
    row = Planned(uuid7(), order, command.shown, left, planned, ctx.now(), cause)
    async with ctx.db.begin() as tx:
        await store.add(tx.conn, row)
        await tx.commit()
    return row.id


async def _rehearse(ctx: Context, order: Order, found: Sequence[Member], cause: Cause) -> list[Member]:
    """Return members as the action would leave them, rolled back; when they fail together, each is tried alone."""
    try:
        async with ctx.db.begin() as tx:
            return await _do(ctx, tx, order, found, cause)
    except Exception as error:
        if is_transient(error):
            raise
        if len(found) == 1:
            log.exception("a member of a bulk action failed")
            return [replace(found[0], state=BulkMemberState.CHANGED, note=Note.FAILED)]
    return [member for one in found for member in await _rehearse(ctx, order, [one], cause)]


async def _found(ctx: Context, caller: Principal, wanted: TaskFilter) -> list[Member]:
    rows = await oldest(ctx.db, caller, wanted, LARGEST + 1)
    if len(rows) > LARGEST:
        raise TooManyTasksError(LARGEST)
    return [
        Member(
            position=position,
            process_id=row["process_id"],
            lead_id=row["lead_id"],
            order_number=row["order_number"],
            task_id=row["id"],
            task_type=row["type"],
            task_version=row["version"],
            from_id=row["operator_id"],
        )
        for position, row in enumerate(rows)
    ]


def _planned(member: Member) -> Member:
    """Return a member as it is before anything is done."""
    state = BulkMemberState.PLANNED if member.state is BulkMemberState.DONE else BulkMemberState.STAYS
    return replace(member, state=state, done_version=None, opened=None, deed=None)


async def apply_bulk_action(ctx: Context, caller: Principal, bulk_action_id: UUID, seen: int) -> None:
    """Begin to do what was planned.

    Raises NotFoundError, StaleVersionError, BulkActionStateError.
    """
    await _begin(ctx, caller, bulk_action_id, seen, Progress.PLANNED, Progress.APPLYING)


async def undo_bulk_action(ctx: Context, caller: Principal, bulk_action_id: UUID, seen: int) -> None:
    """Begin to take a bulk action back: what is untouched since.

    Raises NotFoundError, StaleVersionError, BulkActionStateError.
    """
    await _begin(ctx, caller, bulk_action_id, seen, Progress.APPLIED, Progress.UNDOING)


async def continue_bulk_action(ctx: Context) -> bool:
    """Do the next members of a bulk action that is under way; return whether there was one."""
    return await go_on(partial(_continue, ctx, None))


async def _begin(
    ctx: Context, caller: Principal, bulk_action_id: UUID, seen: int, before: Progress, after: Progress
) -> None:
    async with ctx.db.begin() as tx:
        row = await store.PLANS.lock(tx.conn, bulk_action_id)
        if row is None or not caller.may_see(row["desk"]):
            raise NotFoundError
        if row["version"] != seen:
            raise StaleVersionError
        if row["state"] != before:
            raise BulkActionStateError(row["state"])
        actor = actor_of(caller, await operator_of(tx.conn, caller.sub))
        await store.PLANS.move_on(tx.conn, bulk_action_id, after, ctx.now(), actor)
        await tx.commit()
    await begin(partial(_continue, ctx, bulk_action_id))


async def _continue(ctx: Context, only: UUID | None, limit: int, *, failed: bool = False) -> bool:
    """Do the next members of one that is under way, or of whichever is; return whether there was one."""
    async with ctx.db.begin() as tx:
        row = await (store.PLANS.under_way(tx.conn) if only is None else store.PLANS.lock(tx.conn, only))
        if row is None or row["state"] not in (Progress.APPLYING, Progress.UNDOING):
            return False
        await _step(ctx, tx, store.read(row), limit, failed=failed)
        await tx.commit()
        return True


async def _step(ctx: Context, tx: Transaction, what: BulkAction, limit: int, *, failed: bool = False) -> None:
    """Do the next members, and end the stage when none is left."""
    undoing_now = what.state is Progress.UNDOING
    waiting = BulkMemberState.DONE if undoing_now else BulkMemberState.PLANNED
    found = await store.members(tx.conn, what.id, waiting, limit + 1)
    if failed:
        given_up = BulkMemberState.KEPT if undoing_now else BulkMemberState.CHANGED
        after = [replace(member, state=given_up, note=Note.FAILED) for member in found[:limit]]
    elif undoing_now:
        after = await _undo(ctx, tx, what, found[:limit])
    else:
        after = await _do(ctx, tx, what.order, found[:limit], what.cause, save=True)
    await store.save(tx.conn, what.id, what.order.desk, after)
    if len(found) <= limit:
        done = Progress.UNDONE if undoing_now else Progress.APPLIED
        await store.PLANS.move_on(tx.conn, what.id, done, ctx.now(), what.order.actor)


async def _do(
    ctx: Context, tx: Transaction, order: Order, found: Sequence[Member], cause: Cause, *, save: bool = False
) -> list[Member]:
    """Do the action to members, whose processes it locks, and return them as they are then."""
    fields = order.wanted.fields or {} if order.wanted else {}
    known = await locked_operators(tx.conn, ids_in(fields.values()) | ({order.to.id} if order.to else set()))
    if order.to is not None and not _fits(known.get(order.to.id), order.desk):
        return [replace(member, state=BulkMemberState.CHANGED, note=Note.OPERATOR_UNFIT) for member in found]
    people = people_for(known, order.desk)
    batch = Batch(ctx, tx)
    await batch.load(ids={member.process_id for member in found})
    done = [_done(order, member, batch, people, cause) for member in found]
    if save:
        await batch.save()
        for member in done:
            if member.deed is not None:
                pool = member.deed.task.pool
                await mending.keep(tx.conn, member.process_id, order.desk, pool, batch.now, member.deed)
    return done


def _done(order: Order, member: Member, batch: Batch, people: Mapping[str, Operator], cause: Cause) -> Member:
    process = _process(batch, member)
    before = process.state
    if (note := obstacle(member, before)) is not None:
        return replace(member, state=BulkMemberState.CHANGED, note=note)
    task, event = before.open_task(member.task_id), doing(order, member, people)
    effects = batch.apply(process, event, cause)
    if (note := refusal(effects)) is not None or task is None:
        return replace(member, state=BulkMemberState.CHANGED, note=note)
    after = process.state
    version = next(each.version for each in after.tasks if each.id == member.task_id)
    deed = None
    if isinstance(event, OutcomeGiven):
        deed = deed_of(task, order.actor, event.outcome, batch.now, before, after, effects)
    done = replace(member, state=BulkMemberState.DONE, done_version=version, opened=after.opened)
    return replace(done, note=None, deed=deed)


async def _undo(ctx: Context, tx: Transaction, what: BulkAction, found: Sequence[Member]) -> list[Member]:
    """Take members back, and return them as they are then."""
    former: set[UUID] = {member.from_id for member in found if member.from_id}
    former |= await mending.holders(tx.conn, (member.deed for member in found if member.deed))
    there = present((await locked_operators(tx.conn, former)).values(), what.order.desk)
    batch = Batch(ctx, tx)
    await batch.load(ids={member.process_id for member in found})
    after: list[Member] = []
    opened: dict[UUID, int] = {}
    for member in found:
        process = _process(batch, member)
        if member.deed is not None:
            await batch.recall(member.process_id, member.task_id, member.deed.closed)
        note = untouched(member, process.state, opened.get(member.process_id))
        note = note or await _taken_back(tx, what, member, batch, there)
        if note is not None:
            after.append(replace(member, state=BulkMemberState.KEPT, note=note))
            continue
        opened[member.process_id] = process.state.opened
        after.append(replace(member, state=BulkMemberState.TAKEN_BACK))
    await batch.save()
    back = [member for member in after if member.state is BulkMemberState.TAKEN_BACK]
    await mending.forget(tx.conn, [each.process_id for each in back], [each.task_id for each in back])
    return after


async def _taken_back(
    tx: Transaction, what: BulkAction, member: Member, batch: Batch, there: Mapping[OperatorId, Operator]
) -> str | None:
    """Take a member back; return why it was refused, None if it was not."""
    process, sent = _process(batch, member), frozenset[str]()
    if member.deed is not None:
        subject, at = process.state.facts.subject, member.deed.at
        sent = await mending.sent(tx.conn, subject, at, tuple(member.deed.messages))
    event = undoing(what.order, member, process.state, there, sent)
    return None if event is None else refusal(batch.apply(process, event, what.cause))


def _fits(to: OperatorProfile | None, desk: str) -> bool:
    return to is not None and not unfit(to, desk, None)


def _process(batch: Batch, member: Member) -> Process:
    process = batch.of_id(member.process_id)
    if process is None:
        raise LookupError(member.process_id)
    return process


async def _target(tx: Transaction, command: PlanCommand) -> Operator | None:
    if command.operator_id is None:
        return None
    found = (await locked_operators(tx.conn, [command.operator_id])).get(command.operator_id)
    if found is None:
        raise UnknownOperatorError
    if reasons := unfit(found, command.desk, None):
        raise UnfitOperatorError(reasons)
    return found.operator
