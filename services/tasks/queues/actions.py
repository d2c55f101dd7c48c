"""`next`: claim the most urgent task for an operator and return the reason (S4.5)."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from libs.common.contracts import Cause
from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Transaction
from services.tasks.context import Context
from services.tasks.engine.state import Task
from services.tasks.errors import NoOperatorError, NotEligibleError, NotOnShiftError, TaskRefusedError
from services.tasks.operators.queries import locked_operator_of
from services.tasks.operators.rules import OperatorProfile
from services.tasks.playbooks.lanes import Lane
from services.tasks.playbooks.terms import Title
from services.tasks.pools.queries import open_off_shift
from services.tasks.queues import store
from services.tasks.queues.rules import Queue, Turns, Version, queues_of, turns, walk, why
from services.tasks.tasks.actions import claim, lock_task

TRIES = 5  # another operator may claim a candidate between the query and the lock


@dataclass(frozen=True, slots=True)
class NextTask:
    """The claimed task, its queue, and the reason."""

    task_id: UUID
    queue: Queue
    why: Title


async def next_task(ctx: Context, caller: Principal, cause: Cause) -> NextTask | None:
    """Claim the first task of the operator's queues; None if there is none.

    Raises NoOperatorError; NotOnShiftError if there is none, and no pool gives any to operators off shift (S2.3).
    """
    async with ctx.db.begin() as tx:
        profile = await locked_operator_of(tx.conn, caller.sub)
        if profile is None or not profile.active:
            raise NoOperatorError
        now, desks = ctx.now(), [desk for desk in profile.desks if caller.may_see(desk)]
        pullable = {desk: await _pullable(tx, desk, profile) for desk in desks}
        queues = await all_queues(ctx, tx, desks)
        for queue, interrupts in walk(queues, await store.visits(tx.conn, profile.id), now):
            task = await _claim(ctx, tx, queue, profile, pullable[queue.desk], cause)
            if task is not None:
                await store.visit(tx.conn, profile.id, queue, now)
                await tx.commit()
                said = why(queue.lane, now - task.due_at, interrupts=interrupts, important=task.important)
                return NextTask(task.id, queue, said)
        if not profile.on_shift and not any(pullable.values()):
            raise NotOnShiftError
    return None


async def _pullable(tx: Transaction, desk: str, profile: OperatorProfile) -> frozenset[str]:
    """Return the operator's pools whose tasks they may pull now."""
    return profile.pools if profile.on_shift else await open_off_shift(tx.conn, desk, profile.pools)


async def all_queues(ctx: Context, tx: Transaction, desks: Collection[str]) -> list[Queue]:
    """Return the queues of desks by priority, as the playbooks in use declare them.

    In use are the active versions and those of leads in progress (P.4).
    """
    lanes: list[tuple[str, str, Version, Lane, Turns]] = []
    for row in await store.versions(tx.conn, desks):
        playbook = await ctx.playbooks.get(tx.conn, row["code"], row["version"])
        version = (row["code"], row["version"])
        desk, zone = row["desk"], row["zone"]
        lanes += [(desk, zone, version, lane, turns(playbook, lane)) for lane in playbook.lanes.values()]
    return queues_of(lanes)


async def _claim(
    ctx: Context, tx: Transaction, queue: Queue, profile: OperatorProfile, pullable: Collection[str], cause: Cause
) -> Task | None:
    for _ in range(TRIES):
        row = await store.next_of(tx.conn, queue, profile, pullable, ctx.now())
        if row is None:
            break
        try:
            locked = await lock_task(ctx, tx, row["process_id"], row["id"], profile)
            await claim(tx, locked, cause)
        except (TaskRefusedError, NotEligibleError):
            continue
        await locked.batch.save()
        return locked.task
    return None
