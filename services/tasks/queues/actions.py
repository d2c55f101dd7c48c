"""`next`: claim the most urgent task for an operator and return the reason (S4.5)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from libs.common.contracts import Cause
from libs.common.platform.audit.record import keep
from libs.common.platform.audit.shown import Shown
from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Transaction
from libs.common.platform.db.together import Together
from services.tasks.context import Context
from services.tasks.errors import NoOperatorError, NotEligibleError, NotOnShiftError, TaskRefusedError
from services.tasks.merges.rules import Aliases
from services.tasks.operators.rules import OperatorProfile
from services.tasks.playbooks.terms import Title
from services.tasks.pools.queries import open_off_shift
from services.tasks.processes.batch import Batch
from services.tasks.processes.surroundings import Surroundings
from services.tasks.queues import store
from services.tasks.queues.rules import Queue, walk, why
from services.tasks.tasks.actions import LockedTask, claim, loaded_task

TRIES = 5  # another operator may claim a candidate between the query and the lock


@dataclass(frozen=True, slots=True)
class NextTask:
    """The claimed task with its process, its order's number as it was read, its queue, and the reason."""

    claimed: LockedTask
    order_number: str | None
    queue: Queue
    why: Title


async def next_task(ctx: Context, caller: Principal, cause: Cause) -> NextTask | None:
    """Claim the first task of the operator's queues; None if there is none.

    Raises NoOperatorError; NotOnShiftError if there is none, and no pool gives any to operators off shift (S2.3).
    """
    async with ctx.db.begin(by_key=True) as tx:
        asking = await store.asking(tx.conn, caller)
        if asking is None or not asking.profile.active:
            raise NoOperatorError
        now, profile = ctx.now(), asking.profile
        pullable = {desk: await _pullable(tx, desk, profile) for desk in profile.desks if caller.may_see(desk)}
        walked = walk(await ctx.queues.of(tx.conn, asking.versions), asking.visits, now)
        found = await _claim(ctx, tx, [queue for queue, _ in walked], asking, pullable, cause)
        if found is not None:
            claimed, place, order_number = found
            queue, interrupts = walked[place]
            await tx.commit()
            task = claimed.task
            said = why(queue.lane, now - task.due_at, interrupts=interrupts, important=task.important)
            return NextTask(claimed, order_number, queue, said)
        if not profile.on_shift and not any(pullable.values()):
            raise NotOnShiftError
    return None


async def _pullable(tx: Transaction, desk: str, profile: OperatorProfile) -> frozenset[str]:
    """Return the operator's pools whose tasks they may pull now."""
    return profile.pools if profile.on_shift else await open_off_shift(tx.conn, desk, profile.pools)


async def all_queues(ctx: Context, tx: Transaction, desks: Collection[str]) -> Sequence[Queue]:
    """Return the queues of desks by priority, as the playbooks in use declare them.

    In use are the active versions and those of leads in progress (P.4).
    """
    return await ctx.queues.of(tx.conn, await store.versions(tx.conn, desks))


async def _claim(
    ctx: Context,
    tx: Transaction,
    queues: Sequence[Queue],
    asking: store.Asking,
    pullable: Mapping[str, Collection[str]],
    cause: Cause,
) -> tuple[LockedTask, int, str | None] | None:
    """Claim the first task of the first queue that gives one; return it with the number of its queue."""
    first, tries, profile = 0, 0, asking.profile
    while first < len(queues):
        found = await store.first_of(tx.conn, queues[first:], profile, pullable, ctx.now())
        if found is None:
            break
        tries = tries + 1 if found.place == 0 else 1
        first += found.place
        try:
            locked = await _read(ctx, tx, found, asking)
            await claim(tx, locked, cause)
        except (TaskRefusedError, NotEligibleError):
            first, tries = (first, tries) if tries < TRIES else (first + 1, 0)
            continue
        writes = Together()
        store.visit(writes, profile.id, queues[first], ctx.now())
        keep(tx, writes, Shown([locked.process.state.facts.subject.key], [], 1))
        await locked.batch.save(writes)
        return locked, first, found.order_number
    return None


async def _read(ctx: Context, tx: Transaction, found: store.Found, asking: store.Asking) -> LockedTask:
    """Return a task that was locked with its process. Its desk is one of theirs, which were read before."""
    batch = Batch(ctx, tx, Surroundings(Aliases(), asking.desks))
    await batch.load_locked(found.process)
    return await loaded_task(tx, batch, found.process["id"], found.task_id, asking.profile)
