"""Use cases of open tasks that change hands; each locks the processes of its tasks."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from libs.common.contracts import Cause
from libs.common.platform.auth.principal import Principal, Role
from libs.common.platform.db import Transaction
from services.tasks.context import Context
from services.tasks.engine.events import Released
from services.tasks.engine.state import SYSTEM, MoveReason, OperatorId
from services.tasks.errors import NoOperatorError
from services.tasks.moves import store
from services.tasks.moves.store import MOST, Departure, Release
from services.tasks.processes.batch import Batch
from services.tasks.tasks.actions import LockedTask, lock_seen, raise_refusal


async def release(ctx: Context, caller: Principal, task_id: UUID, seen: int, comment: str, cause: Cause) -> None:
    """Give a task back, or take it from its operator as a supervisor; it goes back to its lane.

    Raises NotFoundError, StaleTaskError, NoOperatorError, TaskRefusedError.
    """
    async with ctx.db.begin() as tx:
        locked = await lock_seen(ctx, tx, caller, task_id, seen)
        profile, supervisor = locked.profile, caller.has(Role.SUPERVISOR, Role.ADMIN)
        if profile is None and not supervisor:
            raise NoOperatorError
        own = profile is not None and profile.id == locked.task.operator_id
        event = Released(
            task_id=task_id,
            reason=MoveReason.GIVEN_BACK if own else MoveReason.TAKEN_AWAY,
            actor=actor_of(caller, locked),
            comment=comment,
            holder=None if supervisor or profile is None else profile.id,
        )
        raise_refusal(locked.batch.apply(locked.process, event, cause))
        await locked.batch.save()
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
    for each in releases:
        process = batch.of_id(each.process_id)
        if process is not None:
            event = Released(each.task_id, each.reason, SYSTEM, holder=each.operator_id, untaken=each.untaken)
            batch.apply(process, event, each.cause)
    await batch.save()


def actor_of(caller: Principal, locked: LockedTask) -> str:
    """Return who acts: the operator's id, or the subject of a supervisor who is none."""
    return str(locked.profile.id) if locked.profile else caller.sub
