"""Use cases of open tasks that change hands; each locks the processes of its tasks."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from libs.common.contracts import Cause
from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Connection, Transaction
from libs.common.platform.versions import StaleVersionError
from services.tasks.context import Context
from services.tasks.engine.events import Event, LeadGiven, Lent, Reassigned, Redistributed, Released, Returned
from services.tasks.engine.facts import Subject
from services.tasks.engine.state import SYSTEM, MoveReason, OperatorId, State, Task
from services.tasks.errors import (
    NoOperatorError,
    NotFoundError,
    PastMomentError,
    UnfitOperatorError,
    UnknownOperatorError,
)
from services.tasks.moves import store
from services.tasks.moves.rules import goes_back, has_come
from services.tasks.moves.store import MOST, Departure, Release
from services.tasks.operators.queries import locked_operators, operator_of, operators_of
from services.tasks.operators.rules import OperatorProfile, fitting, unfit
from services.tasks.processes.batch import Batch
from services.tasks.processes.rules import Address
from services.tasks.tasks.actions import LockedTask, lock_seen, raise_refusal


@dataclass(frozen=True, slots=True)
class Handover:
    """To whom a task or a lead goes, why in words, and for a loan until when."""

    operator_id: UUID
    comment: str
    until: datetime | None = None


async def release(ctx: Context, caller: Principal, task_id: UUID, seen: int, comment: str, cause: Cause) -> None:
    """Give a task back, or take it from its operator as a supervisor; it goes back to its lane.

    Raises NotFoundError, StaleVersionError, NoOperatorError, TaskRefusedError.
    """
    async with ctx.db.begin() as tx:
        locked, own = await _locked(ctx, tx, caller, task_id, seen)
        mine = locked.profile is not None and locked.profile.id == locked.task.operator_id
        event = Released(
            task_id=task_id,
            reason=MoveReason.GIVEN_BACK if mine else MoveReason.TAKEN_AWAY,
            actor=actor_of(caller, locked.profile),
            comment=comment,
            holder=own,
            gone=await gone_of(tx.conn, {locked.task.lender_id}),
        )
        await _done(tx, locked, event, cause)


async def assign(
    ctx: Context, caller: Principal, task_id: UUID, seen: int, to: Handover, reason: MoveReason, cause: Cause
) -> None:
    """Give a task to an operator by name; an operator may do so with their own (S3.5).

    Raises NotFoundError, StaleVersionError, NoOperatorError, UnknownOperatorError, UnfitOperatorError and
    TaskRefusedError.
    """
    async with ctx.db.begin() as tx:
        asked = await _asked(tx, to.operator_id)
        locked, own = await _locked(ctx, tx, caller, task_id, seen)
        target = _fitting(asked, locked)
        actor = actor_of(caller, locked.profile)
        event = Reassigned(task_id, target.operator, actor, reason, to.comment, own)
        await _done(tx, locked, event, cause)


async def lend(ctx: Context, caller: Principal, task_id: UUID, seen: int, to: Handover, cause: Cause) -> None:
    """Lend a task to another operator until a time; an operator may do so with their own.

    Raises what `assign` does, and PastMomentError.
    """
    async with ctx.db.begin() as tx:
        asked = await _asked(tx, to.operator_id)
        locked, own = await _locked(ctx, tx, caller, task_id, seen)
        if to.until is None or to.until <= ctx.now():
            raise PastMomentError
        target = _fitting(asked, locked)
        event = Lent(task_id, target.operator, to.until, actor_of(caller, locked.profile), to.comment, own)
        await _done(tx, locked, event, cause)


async def hand_back(ctx: Context, caller: Principal, task_id: UUID, seen: int, comment: str, cause: Cause) -> None:
    """End a loan before its time: by who has the task, who lent it, or a supervisor.

    Raises NotFoundError, StaleVersionError, NoOperatorError, TaskRefusedError.
    """
    async with ctx.db.begin() as tx:
        locked, own = await _locked(ctx, tx, caller, task_id, seen)
        gone = await gone_of(tx.conn, {locked.task.lender_id})
        event = Returned(task_id, actor_of(caller, locked.profile), comment, own, gone)
        await _done(tx, locked, event, cause)


async def assign_lead(
    ctx: Context, caller: Principal, lead_id: UUID, seen: int, to: Handover, cause: Cause
) -> None:
    """Give a lead to an operator, with its open tasks that no operator has taken.

    Raises NotFoundError, StaleVersionError, UnknownOperatorError, UnfitOperatorError, TaskRefusedError.
    """
    async with ctx.db.begin() as tx:
        target = await _asked(tx, to.operator_id)
        batch = Batch(ctx, tx)
        lead = Subject.lead(lead_id)
        await batch.load(addresses=[Address(lead)])
        process = batch.main(lead)
        if process is None or not caller.may_see(process.state.desk.code):
            raise NotFoundError
        if process.state.owner_version != seen:
            raise StaleVersionError
        if target is None:
            raise UnknownOperatorError
        if reasons := unfit(target, process.state.desk.code, None):
            raise UnfitOperatorError(reasons)
        actor = actor_of(caller, await operator_of(tx.conn, caller.sub))
        event = LeadGiven(target.operator, target.roles, actor, MoveReason.ASSIGNED, to.comment)
        raise_refusal(batch.apply(process, event, cause))
        await batch.save()
        await tx.commit()


async def release_left_behind(ctx: Context, tx: Transaction, gone: Mapping[OperatorId, Departure]) -> None:
    """Release what operators leave behind: at once as much as one transaction moves, the rest by the worker."""
    found = await store.left_behind(tx.conn, gone)
    await _release(ctx, tx, found[:MOST])
    if found[MOST:]:
        await store.keep(tx.conn, found[MOST:])


async def return_to(ctx: Context, tx: Transaction, back: Mapping[OperatorId, Cause]) -> None:
    """Give back what stand-ins have not begun: at once as much as one transaction moves, the rest by the worker."""
    found = await store.stood_in(tx.conn, back)
    await _release(ctx, tx, found[:MOST])
    if found[MOST:]:
        await store.keep(tx.conn, found[MOST:])


async def release_pending(ctx: Context) -> int:
    """Release or give back the next of what is still to be moved; return how many were looked at."""
    async with ctx.db.begin() as tx:
        found = await store.claim(tx.conn)
        await _release(ctx, tx, found)
        await tx.commit()
        return len(found)


async def _release(ctx: Context, tx: Transaction, releases: Sequence[Release]) -> None:
    """Move tasks; one that is not as it was, or whose operator is not, stays where it is."""
    if not releases:
        return
    known = await locked_operators(tx.conn, {each.operator_id for each in releases})
    named = {profile.deputy_id for profile in known.values() if profile.deputy_id is not None}
    deputies = await operators_of(tx.conn, named)
    batch = Batch(ctx, tx)
    await batch.load(ids={each.process_id for each in releases})
    gone = await gone_of(tx.conn, batch.lenders())
    for each in releases:
        process = batch.of_id(each.process_id)
        task = process.state.open_task(each.task_id) if process is not None else None
        if process is None or task is None:
            continue
        who = known.get(each.operator_id)
        deputy = deputies.get(who.deputy_id) if who is not None and who.deputy_id is not None else None
        event = _moving(each, process.state, task, who, deputy, gone)
        if event is not None:
            batch.apply(process, event, each.cause)
    await batch.save()


def _moving(
    each: Release,
    state: State,
    task: Task,
    who: OperatorProfile | None,
    deputy: OperatorProfile | None,
    gone: frozenset[OperatorId],
) -> Event | None:
    """Return the move of a task that is locked; None: it stays."""
    if each.reason is MoveReason.BACK:
        if who is None or not goes_back(state, task, who):
            return None
        return Reassigned(task.id, who.operator, SYSTEM, each.reason, holder=task.operator_id)
    if has_come(each.reason, who):
        return None
    if each.reason is not MoveReason.ABSENT:
        return Released(task.id, each.reason, SYSTEM, holder=each.operator_id, untaken=each.untaken, gone=gone)
    if task.operator_id != each.operator_id:
        return None
    to = fitting(deputy, state.desk.code, task.role)
    return Redistributed(
        False, None, task.id, to.operator if to else None, True, SYSTEM, each.reason, absent=each.operator_id
    )


def actor_of(caller: Principal, profile: OperatorProfile | None) -> str:
    """Return who acts: the operator's id, or the subject of a supervisor who is none."""
    return str(profile.id) if profile else caller.sub


async def gone_of(conn: Connection, ids: Set[OperatorId | None]) -> frozenset[OperatorId]:
    """Return those of these operators who are not there, or not known."""
    wanted = {who for who in ids if who is not None}
    known = await locked_operators(conn, wanted)
    return frozenset(who for who in wanted if who not in known or known[who].absence is not None)


async def _asked(tx: Transaction, operator_id: UUID) -> OperatorProfile | None:
    """Lock an operator, who is locked before any task; None is said once the caller may know of the task."""
    return (await locked_operators(tx.conn, [operator_id])).get(OperatorId(operator_id))


def _fitting(asked: OperatorProfile | None, locked: LockedTask) -> OperatorProfile:
    """Return who is to have the task. Raises UnknownOperatorError, UnfitOperatorError."""
    if asked is None:
        raise UnknownOperatorError
    if reasons := unfit(asked, locked.process.state.desk.code, locked.task.role):
        raise UnfitOperatorError(reasons)
    return asked


async def _locked(
    ctx: Context, tx: Transaction, caller: Principal, task_id: UUID, seen: int
) -> tuple[LockedTask, OperatorId | None]:
    """Lock a task; the second value is the operator who must have it, None for a supervisor, who moves any."""
    locked = await lock_seen(ctx, tx, caller, task_id, seen)
    if caller.sees_whole_desks:
        return locked, None
    if locked.profile is None:
        raise NoOperatorError
    return locked, locked.profile.id


async def _done(tx: Transaction, locked: LockedTask, event: Event, cause: Cause) -> None:
    raise_refusal(locked.batch.apply(locked.process, event, cause))
    await locked.batch.save()
    await tx.commit()
