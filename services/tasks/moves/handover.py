"""Use case: at the end of a shift open conversations go to a named heir (S4.6)."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from libs.common.contracts import EventData, Received
from libs.common.contracts.assignment import ShiftEnded
from libs.common.messaging.inbox import UseCase
from libs.common.platform.db import Transaction
from services.tasks.context import Context
from services.tasks.engine.events import Reassigned
from services.tasks.engine.state import SYSTEM, MoveReason, OperatorId, TaskId
from services.tasks.operators.queries import locked_operators, operator_of
from services.tasks.operators.rules import OperatorProfile, unfit
from services.tasks.processes.batch import Batch

# What they still have of what they hand over.
HELD = """
SELECT id, process_id FROM task
WHERE id = ANY($1::uuid[]) AND operator_id = ANY($2::uuid[]) AND state = 'active'
"""


def hand_over(ctx: Context) -> UseCase:
    """Return the use case of `shift.ended`: what is handed over goes to its heir.

    What the heir may not have, and what its operator has no more, stays where it is, as all does when the heir has
    left meanwhile: the check-out, which is said next, releases it like everything else that is left behind.
    """

    async def apply(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
        ended = [
            (event, event.data) for event in events if isinstance(event.data, ShiftEnded) and event.data.heir_id
        ]
        if not ended:
            return
        heirs = await locked_operators(tx.conn, {data.heir_id for _, data in ended if data.heir_id is not None})
        tasks = [task_id for _, data in ended for task_id in data.handed]
        holders = [data.operator_id for _, data in ended]
        batch = Batch(ctx, tx)
        held = {row["id"]: row["process_id"] for row in await tx.conn.fetch(HELD, tasks, holders)}
        await batch.load(ids=set(held.values()))
        for event, data in ended:
            heir = heirs.get(data.heir_id) if data.heir_id is not None else None
            if heir is not None and heir.absence is None:
                await _give(tx, batch, held, event, data, heir)
        await batch.save()

    return apply


async def _give(
    tx: Transaction,
    batch: Batch,
    held: Mapping[UUID, UUID],
    event: Received[EventData],
    data: ShiftEnded,
    heir: OperatorProfile,
) -> None:
    who = OperatorId(data.operator_id)
    said = await operator_of(tx.conn, data.actor) if data.actor is not None else None
    actor = str(said.id) if said is not None else data.actor or SYSTEM
    for task_id in data.handed:
        process = batch.of_id(held[task_id]) if task_id in held else None
        task = process.state.open_task(TaskId(task_id)) if process is not None else None
        if process is None or task is None or unfit(heir, process.state.desk.code, task.role):
            continue
        given = Reassigned(task.id, heir.operator, actor, MoveReason.HANDED_OVER, holder=who)
        batch.apply(process, given, event.follow())
