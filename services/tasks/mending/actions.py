"""The use case of a wrong outcome: it is taken back, and its task gets another (S0.1, P.15)."""

from dataclasses import dataclass
from uuid import UUID

from libs.common.contracts import Cause
from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Transaction
from libs.common.platform.versions import StaleVersionError
from services.tasks.context import Context
from services.tasks.engine.deeds import Deed, Lasting, Left
from services.tasks.engine.events import TakenBack
from services.tasks.errors import AlreadyLeftError, NotFoundError, OutcomeFinalError
from services.tasks.mending import store
from services.tasks.mending.rules import Final, Mendable, final, staying
from services.tasks.operators.queries import locked_operator_of, locked_operators
from services.tasks.operators.rules import OperatorProfile, present
from services.tasks.processes.batch import Batch
from services.tasks.tasks.actions import FIND_TASK, LockedTask, OutcomeInput, end, named_people, visible


@dataclass(frozen=True, slots=True)
class Mend:
    """The right outcome, why the first was wrong, and whether the caller has heard what stays of it."""

    form: OutcomeInput
    reason: str
    accept_left: bool


@dataclass(slots=True)
class Mending:
    """A task whose outcome may be wrong, in its locked process."""

    locked: LockedTask
    found: Mendable | None
    final: Final | None
    left: tuple[Left, ...]


async def look(ctx: Context, tx: Transaction, caller: Principal, task_id: UUID) -> Mending:
    """Return what mending the outcome of a task would mean. Raises NotFoundError."""
    profile = await locked_operator_of(tx.conn, caller.sub)
    row = await tx.conn.fetchrow(FIND_TASK, task_id)
    if row is None or not caller.may_see(row["desk"]) or not visible(caller, profile, row):
        raise NotFoundError
    batch = Batch(ctx, tx)
    await batch.load(ids=[row["process_id"]])
    found = await store.find(tx.conn, row["process_id"])
    closed = found.deed.closed if found else ()
    process, task = await batch.recall(row["process_id"], task_id, closed)
    state = process.state
    left: tuple[Left, ...] = ()
    if found is not None:
        sent = await store.sent(tx.conn, state.facts.subject, found.given_at, tuple(found.deed.messages))
        left = staying(found.deed, sent)
    why = final(found, task, state, _actor(caller, profile), batch.now)
    return Mending(LockedTask(batch, process, task, profile), found, why, left)


async def mend(ctx: Context, caller: Principal, task_id: UUID, seen: int, wanted: Mend, cause: Cause) -> None:
    """Take back the outcome of a task and give it another: by who gave it, or a supervisor, in the pool's minutes.

    Raises NotFoundError, StaleVersionError, OutcomeFinalError, AlreadyLeftError, OutcomeRefusedError.
    """
    async with ctx.db.begin() as tx:
        named = await named_people(tx.conn, wanted.form)
        mending = await look(ctx, tx, caller, task_id)
        locked, found = mending.locked, mending.found
        if locked.task.version != seen:
            raise StaleVersionError
        if mending.final is not None or found is None:
            raise OutcomeFinalError(mending.final or Final.TOO_LATE)
        if mending.left and not wanted.accept_left:
            raise AlreadyLeftError(mending.left)
        await _take_back(tx, mending, found.deed, caller, wanted.reason, cause)
        await end(tx, locked, caller, wanted.form, named, cause)
        await locked.batch.save()
        await tx.commit()


async def _take_back(
    tx: Transaction, mending: Mending, deed: Deed, caller: Principal, reason: str, cause: Cause
) -> None:
    locked = mending.locked
    holders = {
        task.operator_id for task in locked.process.state.tasks if task.id in deed.closed and task.operator_id
    }
    profiles = await locked_operators(tx.conn, holders)
    event = TakenBack(
        deed=deed,
        actor=str(locked.profile.id) if locked.profile else caller.sub,
        reason=reason,
        sent=frozenset(left.code for left in mending.left if left.kind is Lasting.MESSAGE),
        present=present(profiles.values(), locked.process.state.desk.code),
    )
    locked.batch.apply(locked.process, event, cause)
    locked.task = next(task for task in locked.process.state.open_tasks if task.id == locked.task.id)


def _actor(caller: Principal, profile: OperatorProfile | None) -> str | None:
    """Return whose outcomes alone the caller may mend; None: those of all."""
    if caller.sees_whole_desks:
        return None
    return str(profile.id) if profile else caller.sub
