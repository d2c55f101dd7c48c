"""`next`: the one call that gives an operator the right task and says why (S4.5)."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from libs.common.auth.principal import Principal
from libs.common.db import Transaction
from libs.common.events import Cause
from services.tasks.context import Context
from services.tasks.desks.store import ActiveDesk, read_desks
from services.tasks.errors import NoOperatorError, NotEligibleError, TaskRefusedError
from services.tasks.operators.queries import operator_of
from services.tasks.operators.rules import Person
from services.tasks.playbooks.model import Lane, Title
from services.tasks.queues import store
from services.tasks.queues.rules import Queue, queues_of, walk, why
from services.tasks.work.actions import hold, take_in

TRIES = 5  # a candidate may be lost to somebody between being found and being locked


@dataclass(frozen=True, slots=True)
class Given:
    """What comes next: the task now taken, the lane it came from, and the reason."""

    task_id: UUID
    queue: Queue
    why: Title


async def next_task(ctx: Context, caller: Principal, cause: Cause) -> Given | None:
    """Claim the first task of the operator's lanes; None when there is nothing to do. Raises NoOperatorError."""
    async with ctx.db.begin() as tx:
        person = await operator_of(tx.conn, caller.sub)
        if person is None or not person.active:
            raise NoOperatorError
        desks = await read_desks(tx.conn, [desk for desk in person.desks if caller.may_see(desk)])
        for code in sorted(desks):
            given = await _next_of_desk(ctx, tx, desks[code], person, cause)
            if given is not None:
                await tx.commit()
                return given
    return None


async def desk_queues(ctx: Context, tx: Transaction, desk: ActiveDesk) -> list[Queue]:
    """Return a desk's queues as its active playbooks declare them."""
    lanes: list[tuple[str, Lane]] = []
    for code, version in sorted(desk.active.items()):
        playbook = await ctx.playbooks.get(tx.conn, code, version)
        lanes += [(code, lane) for lane in playbook.lanes.values()]
    return queues_of(desk.desk.code, lanes)


async def all_queues(ctx: Context, tx: Transaction, codes: Collection[str]) -> list[tuple[Queue, str]]:
    """Return the queues of several desks, each with its desk's zone."""
    desks = await read_desks(tx.conn, codes)
    return [
        (queue, desks[code].desk.zone)
        for code in sorted(desks)
        for queue in await desk_queues(ctx, tx, desks[code])
    ]


async def _next_of_desk(
    ctx: Context, tx: Transaction, desk: ActiveDesk, person: Person, cause: Cause
) -> Given | None:
    now = ctx.now()
    seen = await store.visits(tx.conn, person.id, desk.desk.code)
    for queue, interrupts in walk(await desk_queues(ctx, tx, desk), seen, now):
        task_id, important = await _claim(ctx, tx, queue, desk.desk.zone, person, cause)
        if task_id is not None:
            await store.visit(tx.conn, person.id, queue, now)
            return Given(task_id, queue, why(queue.lane, interrupts=interrupts, important=important))
    return None


async def _claim(
    ctx: Context, tx: Transaction, queue: Queue, zone: str, person: Person, cause: Cause
) -> tuple[UUID | None, bool]:
    for _ in range(TRIES):
        row = await store.next_of(tx.conn, queue, zone, person, ctx.now())
        if row is None:
            break
        try:
            hand = await hold(ctx, tx, row["process_id"], row["id"], person)
            await take_in(hand, cause)
        except (TaskRefusedError, NotEligibleError):
            continue
        await hand.batch.save()
        return hand.task.id, hand.task.important
    return None, False
