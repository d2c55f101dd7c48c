"""Use cases of redistributions: plan, apply, undo; a hundred members in a transaction, the rest by the worker."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TypeAlias
from uuid import UUID

from libs.common.contracts import Cause
from libs.common.domain.plans import Progress
from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Transaction
from libs.common.platform.ids import uuid7
from libs.common.platform.stages import begin, go_on
from libs.common.platform.versions import StaleVersionError
from services.tasks.context import Context
from services.tasks.engine.events import Redistributed
from services.tasks.engine.state import Absence, MoveReason, State
from services.tasks.errors import (
    NotFoundError,
    RedistributionStateError,
    SameOperatorError,
    UnfitOperatorError,
    UnknownOperatorError,
)
from services.tasks.moves.actions import actor_of
from services.tasks.operators.queries import locked_operators, operator_of
from services.tasks.operators.rules import OperatorProfile, unfit
from services.tasks.processes.batch import Batch, Process
from services.tasks.redistributions import store
from services.tasks.redistributions.rules import (
    UNDOABLE,
    Member,
    MemberState,
    Note,
    Target,
    obstacle,
    plan,
    undo,
)
from services.tasks.redistributions.store import MemberRow, Redistribution, Selection

Operators: TypeAlias = Mapping[UUID, OperatorProfile]


@dataclass(frozen=True, slots=True)
class PlanCommand:
    """Of whom, which leads, to whom (no operators: to the pools), why in words, and whether for good."""

    desk: str
    from_operator_id: UUID
    to_operator_ids: Sequence[UUID]
    selection: Selection
    comment: str
    for_good: bool = False


async def plan_redistribution(ctx: Context, caller: Principal, command: PlanCommand, cause: Cause) -> UUID:
    """Store what would move and what not; nothing moves yet.

    Raises NotFoundError for a foreign desk, UnknownOperatorError, UnfitOperatorError, SameOperatorError.
    """
    if not caller.may_see(command.desk):
        raise NotFoundError
    if command.from_operator_id in command.to_operator_ids:
        raise SameOperatorError
    redistribution_id = uuid7()
    async with ctx.db.begin() as tx:
        known = await locked_operators(tx.conn, {command.from_operator_id, *command.to_operator_ids})
        former = _known(known.get(command.from_operator_id))
        targets = [_target(known.get(who), command.desk) for who in dict.fromkeys(command.to_operator_ids)]
        found = await store.find(tx.conn, former.id, command.desk, command.selection)
        shown = tuple({"id": str(target.operator.id), "name": target.operator.name} for target in targets)
        actor = actor_of(caller, await operator_of(tx.conn, caller.sub))
        row = (
            redistribution_id, command.desk, former.id, former.name, shown, asdict(command.selection),
            command.comment, ctx.now(), actor, cause.correlation_id, cause.traceparent,
            command.for_good,
        )  # fmt: skip
        rows = [MemberRow(redistribution_id, command.desk, member) for member in plan(found, targets)]
        await store.add(tx.conn, row, rows)
        await tx.commit()
    return redistribution_id


async def apply(ctx: Context, caller: Principal, redistribution_id: UUID, seen: int) -> None:
    """Begin to move the members of a plan.

    Raises NotFoundError, StaleVersionError, RedistributionStateError.
    """
    await _begin(ctx, caller, redistribution_id, seen, Progress.PLANNED, Progress.APPLYING)


async def undo_redistribution(ctx: Context, caller: Principal, redistribution_id: UUID, seen: int) -> None:
    """Begin to take a redistribution back: what is untouched since.

    Raises NotFoundError, StaleVersionError, RedistributionStateError.
    """
    await _begin(ctx, caller, redistribution_id, seen, Progress.APPLIED, Progress.UNDOING)


async def continue_redistribution(ctx: Context) -> bool:
    """Move the next members of a redistribution that is under way; return whether there was one."""
    return await go_on(partial(_continue, ctx, None))


async def _begin(
    ctx: Context, caller: Principal, redistribution_id: UUID, seen: int, before: Progress, after: Progress
) -> None:
    async with ctx.db.begin() as tx:
        row = await store.PLANS.lock(tx.conn, redistribution_id)
        if row is None or not caller.may_see(row["desk"]):
            raise NotFoundError
        if row["version"] != seen:
            raise StaleVersionError
        if row["state"] != before:
            raise RedistributionStateError(row["state"])
        actor = actor_of(caller, await operator_of(tx.conn, caller.sub))
        await store.PLANS.move_on(tx.conn, redistribution_id, after, ctx.now(), actor)
        await tx.commit()
    await begin(partial(_continue, ctx, redistribution_id))


async def _continue(ctx: Context, only: UUID | None, limit: int, *, failed: bool = False) -> bool:
    """Move the next members of one that is under way, or of whichever is; return whether there was one."""
    async with ctx.db.begin() as tx:
        row = await (store.PLANS.under_way(tx.conn) if only is None else store.PLANS.lock(tx.conn, only))
        if row is None or row["state"] not in (Progress.APPLYING, Progress.UNDOING):
            return False
        await _step(ctx, tx, store.read(row), limit, failed=failed)
        await tx.commit()
        return True


async def _step(ctx: Context, tx: Transaction, what: Redistribution, limit: int, *, failed: bool = False) -> None:
    """Move the next members, and end the stage when none is left."""
    undoing = what.state is Progress.UNDOING
    states = UNDOABLE if undoing else (MemberState.PLANNED,)
    found = await store.members(tx.conn, what.id, states, limit + 1)
    if failed:
        after = [replace(member, state=MemberState.KEPT if undoing else MemberState.CHANGED, note=Note.FAILED)
                 for member in found[:limit]]  # fmt: skip
    else:
        after = await _move(ctx, tx, what, found[:limit])
    if after:
        await store.save(tx.conn, [MemberRow(what.id, what.desk, member) for member in after])
    if len(found) <= limit:
        done = Progress.UNDONE if undoing else Progress.APPLIED
        await store.PLANS.move_on(tx.conn, what.id, done, ctx.now(), what.actor)


async def _move(ctx: Context, tx: Transaction, what: Redistribution, found: Sequence[Member]) -> list[Member]:
    """Move members, whose processes it locks, and return them as they are then."""
    people = {what.former.id, *(member.to.id for member in found if member.to)}
    known = await locked_operators(tx.conn, people)
    batch = Batch(ctx, tx)
    await batch.load(ids={member.process_id for member in found})
    after = []
    for member in found:
        process = batch.of_id(member.process_id)
        if process is None:
            raise LookupError(member.process_id)
        judge = _undone if what.state is Progress.UNDOING else _applied
        moved, event = judge(what, member, process.state, known)
        if event is not None:
            batch.apply(process, event, what.cause)
            moved = _after(moved, process)
        after.append(moved)
    await batch.save()
    return after


def _applied(
    what: Redistribution, member: Member, state: State, known: Operators
) -> tuple[Member, Redistributed | None]:
    note = obstacle(member, state, what.former.id)
    to = None if member.to is None else known.get(member.to.id)
    if note is None and member.to is not None and (to is None or unfit(to, what.desk, None)):
        note = Note.OPERATOR_UNFIT
    if note is not None:
        return replace(member, state=MemberState.CHANGED, note=note), None
    task_id = member.task_id if member.moves_task else None
    words = what.actor, MoveReason.REDISTRIBUTED, what.comment
    absent = None if what.for_good or not is_absent(known.get(what.former.id)) else what.former.id
    event = Redistributed(member.moves_owner, member.to, task_id, member.to, True, *words, absent=absent)
    return replace(member, state=MemberState.MOVED), event


def _undone(
    what: Redistribution, member: Member, state: State, known: Operators
) -> tuple[Member, Redistributed | None]:
    verdict = undo(member, state, what.former, present=is_present(known.get(what.former.id)))
    if not verdict.possible:
        return replace(member, state=MemberState.KEPT, note=verdict.note), None
    task_id = member.task_id if member.moves_task else None
    words = what.actor, MoveReason.UNDONE, what.comment
    event = Redistributed(member.moves_owner, what.former, task_id, verdict.task_to, False, *words)
    return replace(member, state=MemberState.RETURNED), event


def _after(member: Member, process: Process) -> Member:
    """Return an applied member with the owner's version, and as asked if its task now asks for an operator."""
    if member.state is not MemberState.MOVED:
        return member
    task = process.state.open_task(member.task_id) if member.task_id else None
    asked = task is not None and bool(task.among)
    return replace(
        member,
        state=MemberState.ASKED if asked else MemberState.MOVED,
        moved_owner_version=process.state.owner_version,
    )


def is_present(profile: OperatorProfile | None) -> bool:
    """Return whether an operator is there to be given work."""
    return profile is not None and profile.absence is None


def is_absent(former: OperatorProfile | None) -> bool:
    """Return whether an operator is not there, and has not left for good: who gets their leads stands in.

    Who is only away is back within minutes: what a supervisor has given to others by then stays there.
    """
    return former is not None and former.absence not in (None, Absence.INACTIVE, Absence.AWAY)


def _known(profile: OperatorProfile | None) -> OperatorProfile:
    if profile is None:
        raise UnknownOperatorError
    return profile


def _target(profile: OperatorProfile | None, desk: str) -> Target:
    if profile is None:
        raise UnknownOperatorError
    if reasons := unfit(profile, desk, None):
        raise UnfitOperatorError(reasons)
    return Target(profile.operator, profile.roles)
