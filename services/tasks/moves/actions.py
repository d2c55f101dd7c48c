"""Use cases of open tasks that change hands; each locks the processes of its tasks."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from libs.common.contracts import Cause
from libs.common.platform.auth.principal import Principal, Role
from libs.common.platform.db import Connection, Transaction
from services.tasks.context import Context
from services.tasks.engine.events import Event, LeadGiven, Lent, Reassigned, Released, Returned
from services.tasks.engine.facts import Subject
from services.tasks.engine.state import SYSTEM, MoveReason, OperatorId
from services.tasks.errors import (
    NoOperatorError,
    NotFoundError,
    PastMomentError,
    StaleLeadError,
    UnfitOperatorError,
    UnknownOperatorError,
)
from services.tasks.moves import store
from services.tasks.moves.store import MOST, Departure, Release
from services.tasks.operators.queries import locked_operators, operator_of
from services.tasks.operators.rules import OperatorProfile, unfit
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

    Raises NotFoundError, StaleTaskError, NoOperatorError, TaskRefusedError.
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

    Raises NotFoundError, StaleTaskError, NoOperatorError, UnknownOperatorError, UnfitOperatorError and
    TaskRefusedError.
    """
    async with ctx.db.begin() as tx:
        target = await _target(tx, to.operator_id)
        locked, own = await _locked(ctx, tx, caller, task_id, seen)
        _check(target, locked)
        actor = actor_of(caller, locked.profile)
        event = Reassigned(task_id, target.operator, actor, reason, to.comment, own)
        await _done(tx, locked, event, cause)


async def lend(ctx: Context, caller: Principal, task_id: UUID, seen: int, to: Handover, cause: Cause) -> None:
    """Lend a task to another operator until a time; an operator may do so with their own.

    Raises what `assign` does, and PastMomentError.
    """
    if to.until is None or to.until <= ctx.now():
        raise PastMomentError
    async with ctx.db.begin() as tx:
        target = await _target(tx, to.operator_id)
        locked, own = await _locked(ctx, tx, caller, task_id, seen)
        _check(target, locked)
        event = Lent(task_id, target.operator, to.until, actor_of(caller, locked.profile), to.comment, own)
        await _done(tx, locked, event, cause)


async def hand_back(ctx: Context, caller: Principal, task_id: UUID, seen: int, comment: str, cause: Cause) -> None:
    """End a loan before its time: by who has the task, who lent it, or a supervisor.

    Raises NotFoundError, StaleTaskError, NoOperatorError, TaskRefusedError.
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

    Raises NotFoundError, StaleLeadError, UnknownOperatorError, UnfitOperatorError, TaskRefusedError.
    """
    async with ctx.db.begin() as tx:
        target = await _target(tx, to.operator_id)
        batch = Batch(ctx, tx)
        lead = Subject.lead(lead_id)
        await batch.load(addresses=[Address(lead)])
        process = batch.main(lead)
        if process is None or not caller.may_see(process.state.desk.code):
            raise NotFoundError
        if process.state.owner_version != seen:
            raise StaleLeadError
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


async def release_pending(ctx: Context) -> int:
    """Release the next of what is still to be released; return how many were looked at."""
    async with ctx.db.begin() as tx:
        found = await store.claim(tx.conn)
        await _release(ctx, tx, found)
        await tx.commit()
        return len(found)


async def _release(ctx: Context, tx: Transaction, releases: Sequence[Release]) -> None:
    """Release tasks; one that its operator has no more, or has taken meanwhile, stays where it is."""
    if not releases:
        return
    batch = Batch(ctx, tx)
    await batch.load(ids={each.process_id for each in releases})
    gone = await gone_of(tx.conn, batch.lenders())
    for each in releases:
        process = batch.of_id(each.process_id)
        if process is not None:
            event = Released(
                each.task_id, each.reason, SYSTEM, holder=each.operator_id, untaken=each.untaken, gone=gone
            )
            batch.apply(process, event, each.cause)
    await batch.save()


def actor_of(caller: Principal, profile: OperatorProfile | None) -> str:
    """Return who acts: the operator's id, or the subject of a supervisor who is none."""
    return str(profile.id) if profile else caller.sub


async def gone_of(conn: Connection, ids: Set[OperatorId | None]) -> frozenset[OperatorId]:
    """Return those of these operators who are not there, or not known."""
    wanted = {who for who in ids if who is not None}
    known = await locked_operators(conn, wanted)
    return frozenset(who for who in wanted if who not in known or known[who].absence is not None)


async def _target(tx: Transaction, operator_id: UUID) -> OperatorProfile:
    found = (await locked_operators(tx.conn, [operator_id])).get(operator_id)
    if found is None:
        raise UnknownOperatorError
    return found


def _check(target: OperatorProfile, locked: LockedTask) -> None:
    if reasons := unfit(target, locked.process.state.desk.code, locked.task.role):
        raise UnfitOperatorError(reasons)


async def _locked(
    ctx: Context, tx: Transaction, caller: Principal, task_id: UUID, seen: int
) -> tuple[LockedTask, OperatorId | None]:
    """Lock a task; the second value is the operator who must have it, None for a supervisor, who moves any."""
    locked = await lock_seen(ctx, tx, caller, task_id, seen)
    if caller.has(Role.SUPERVISOR, Role.ADMIN):
        return locked, None
    if locked.profile is None:
        raise NoOperatorError
    return locked, locked.profile.id


async def _done(tx: Transaction, locked: LockedTask, event: Event, cause: Cause) -> None:
    raise_refusal(locked.batch.apply(locked.process, event, cause))
    await locked.batch.save()
    await tx.commit()
