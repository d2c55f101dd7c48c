"""Use cases of operators on tasks: take a task, end it with an outcome; each locks the task's process."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from asyncpg import Record

from libs.common.contracts import Cause
from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Connection, Transaction
from libs.common.platform.versions import StaleVersionError
from services.tasks.calls.proofs import was_made
from services.tasks.context import Context
from services.tasks.engine.deeds import deed_of
from services.tasks.engine.effects import Effect, Refuse
from services.tasks.engine.events import OutcomeGiven, Taken
from services.tasks.engine.state import Operator, Task
from services.tasks.errors import (
    NoOperatorError,
    NotEligibleError,
    NotFoundError,
    NotOnShiftError,
    TaskClosedError,
    refused,
)
from services.tasks.mending import store as mending
from services.tasks.operators.queries import locked_operator_of, locked_operators
from services.tasks.operators.rules import OperatorProfile, ineligible, unfit
from services.tasks.playbooks.terms import Need
from services.tasks.pools.queries import open_off_shift
from services.tasks.processes.batch import Batch, Process

# Read without a lock; the task is checked again once its process is locked.
FIND_TASK = "SELECT process_id, desk, pool, operator_id, lender_id FROM task WHERE id = $1"


@dataclass(frozen=True, slots=True)
class OutcomeInput:
    """An outcome as the caller gives it."""

    outcome: str
    comment: str
    call_made: bool | None
    callback_at: datetime | None
    problem: str | None
    fields: Mapping[str, object]


People: TypeAlias = Mapping[UUID, OperatorProfile]


@dataclass(slots=True)
class LockedTask:
    """A task, its locked process, and the operator who acts."""

    batch: Batch
    process: Process
    task: Task
    profile: OperatorProfile | None


async def take(ctx: Context, caller: Principal, task_id: UUID, cause: Cause) -> None:
    """Assign the task to the caller; two callers never get the same task (S1.2).

    Raises NotFoundError, NoOperatorError, NotEligibleError, NotOnShiftError, TaskRefusedError.
    """
    async with ctx.db.begin() as tx:
        locked = await lock_seen(ctx, tx, caller, task_id)
        await claim(tx, locked, cause)
        await locked.batch.save()
        await tx.commit()


async def claim(tx: Transaction, locked: LockedTask, cause: Cause) -> None:
    """Claim a locked task for its operator; the caller saves and commits. Off shift its pool decides (S2.3)."""
    if locked.profile is None:
        raise NoOperatorError
    state, task = locked.process.state, locked.task
    reasons = ineligible(
        locked.profile, desk=state.desk.code, role=task.role, pool=task.pool, products=state.facts.products
    )
    # Who was given a free task by name may begin it without its role and pool.
    given = task.brief is not None and task.operator_id == locked.profile.id
    if reasons and not given:
        raise NotEligibleError(reasons)
    pulls_off_shift = task.operator_id is None and not locked.profile.on_shift
    if pulls_off_shift and not await open_off_shift(tx.conn, state.desk.code, [task.pool]):
        raise NotOnShiftError
    raise_refusal(locked.batch.apply(locked.process, Taken(task.id, locked.profile.operator), cause))


async def give_outcome(
    ctx: Context, caller: Principal, task_id: UUID, seen: int, form: OutcomeInput, cause: Cause
) -> None:
    """End a task with an outcome; the outcome decides the result (S0.1, S1.7).

    Raises NotFoundError, StaleVersionError, TaskRefusedError with every fault.
    """
    async with ctx.db.begin() as tx:
        named = await named_people(tx.conn, form)
        locked = await lock_seen(ctx, tx, caller, task_id, seen)
        await end(tx, locked, caller, form, named, cause)
        await locked.batch.save()
        await tx.commit()


async def end(
    tx: Transaction, locked: LockedTask, caller: Principal, form: OutcomeInput, named: People, cause: Cause
) -> None:
    """Apply an outcome to a locked task and keep what it did; the caller saves and commits.

    Raises NoOperatorError, TaskRefusedError with every fault.
    """
    batch, process, task, profile = locked.batch, locked.process, locked.task, locked.profile
    supervisor = caller.sees_whole_desks
    if profile is None and not supervisor:
        raise NoOperatorError
    before, desk = process.state, process.state.desk.code
    made = form.call_made
    if made is None and profile is not None and _may_call(process, task, form):
        made = await was_made(tx.conn, before, task, profile.id, batch.now) or None
    event = OutcomeGiven(
        task_id=task.id,
        outcome=form.outcome,
        comment=form.comment.strip(),
        actor=str(profile.id) if profile else caller.sub,
        operator=profile.operator if profile else None,
        supervisor=supervisor,
        call_made=made,
        callback_at=form.callback_at,
        problem=form.problem,
        fields=form.fields,
        people=people_for(named, desk),
    )
    effects = batch.apply(process, event, cause)
    raise_refusal(effects)
    deed = deed_of(task, event.actor, event.outcome, batch.now, before, process.state, effects)
    await mending.keep(tx.conn, before.id, desk, task.pool, batch.now, deed)


def _may_call(process: Process, task: Task, form: OutcomeInput) -> bool:
    """Return whether an outcome takes word of a call, so that telephony's fills in what is not said (P.11)."""
    outcome = process.playbook.task_types[task.type].outcomes.get(form.outcome)
    return outcome is not None and outcome.requires.call_of(form.problem) is not Need.FORBIDDEN


async def named_people(conn: Connection, form: OutcomeInput) -> People:
    """Lock the operators whom the fields of an outcome name, before its process is."""
    return await locked_operators(conn, ids_in(form.fields.values()))


def ids_in(values: Iterable[object]) -> set[UUID]:
    """Return the ids among the values of fields: which fields are persons only the task's playbook says."""
    found = set()
    for value in values:
        if isinstance(value, str):
            with suppress(ValueError):
                found.add(UUID(value))
    return found


def people_for(named: People, desk: str) -> Mapping[str, Operator]:
    """Return those to whom a task of the desk may be given, by id."""
    return {str(profile.id): profile.operator for profile in named.values() if not unfit(profile, desk, None)}


async def lock_seen(
    ctx: Context, tx: Transaction, caller: Principal, task_id: UUID, seen: int | None = None
) -> LockedTask:
    """Lock the task's process and return both; a task that the caller may not see is not found.

    Without a version (`take`) a colleague's task passes: the engine then refuses with the exact reason. An operator
    who was dismissed finds none.
    """
    profile = await locked_operator_of(tx.conn, caller.sub)
    row = await tx.conn.fetchrow(FIND_TASK, task_id)
    if row is None or not caller.may_see(row["desk"]):
        raise NotFoundError
    if profile is not None and not profile.active and not caller.sees_whole_desks:
        raise NotFoundError
    if seen is not None and not visible(caller, profile, row):
        raise NotFoundError
    return await lock_task(ctx, tx, row["process_id"], task_id, profile, seen)


async def lock_task(
    ctx: Context,
    tx: Transaction,
    process_id: UUID,
    task_id: UUID,
    profile: OperatorProfile | None,
    seen: int | None = None,
) -> LockedTask:
    """Lock a process and return its open task. Raises TaskClosedError, StaleVersionError."""
    batch = Batch(ctx, tx)
    await batch.load(ids=[process_id])
    return await loaded_task(tx, batch, process_id, task_id, profile, seen)


async def loaded_task(
    tx: Transaction,
    batch: Batch,
    process_id: UUID,
    task_id: UUID,
    profile: OperatorProfile | None,
    seen: int | None = None,
) -> LockedTask:
    """Return an open task of a process that was loaded. Raises TaskClosedError, StaleVersionError."""
    process = batch.of_id(process_id)
    task = process.state.open_task(task_id) if process else None
    if process is None or task is None:
        if seen is not None and seen != await _version(tx.conn, task_id):
            raise StaleVersionError
        raise TaskClosedError
    if seen is not None and seen != task.version:
        raise StaleVersionError
    return LockedTask(batch, process, task, profile)


def visible(caller: Principal, profile: OperatorProfile | None, row: Record) -> bool:
    """Return whether the caller may see a task: what waits in the operator's pools, theirs and those they lent."""
    if caller.sees_whole_desks:
        return True
    if profile is None or not profile.active:
        return False
    if row["operator_id"] is None:
        return row["pool"] in profile.pools
    return profile.id in (row["operator_id"], row["lender_id"])


async def _version(conn: Connection, task_id: UUID) -> int:
    version: int = await conn.fetchval("SELECT version FROM task WHERE id = $1", task_id)
    return version


def raise_refusal(effects: tuple[Effect, ...]) -> None:
    """Raise the refusal among the effects of a request, if there is one. Raises TaskRefusedError."""
    for effect in effects:
        if isinstance(effect, Refuse):
            raise refused(effect.refusal, effect.faults)
