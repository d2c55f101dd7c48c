"""What goes back to who was absent, once they are there again (S2.2)."""

from collections.abc import Mapping

from libs.common.contracts import Cause
from libs.common.platform.db import Transaction
from services.tasks.context import Context
from services.tasks.engine.events import Reassigned
from services.tasks.engine.state import SYSTEM, MoveReason, OperatorId
from services.tasks.operators.queries import operators_of
from services.tasks.processes.batch import Batch

# What others have not begun: neither taken nor spoken about, nor lent on. A lead that a redistribution has given to
# another owner stays with them. Of what no operator has, only what waits for this person.
STOOD_IN = """
SELECT t.id, t.process_id, t.original_id
FROM task t JOIN process p ON p.id = t.process_id
WHERE t.state = 'active' AND t.original_id = ANY($1::uuid[]) AND t.operator_id IS DISTINCT FROM t.original_id
  AND t.taken_at IS NULL AND t.lender_id IS NULL
  AND (t.operator_id IS NULL OR t.contacted_id IS DISTINCT FROM t.operator_id)
  AND (p.owner_id IS NULL OR p.owner_id = t.original_id)
  AND (t.operator_id IS NOT NULL OR t.brief ->> 'personal' = 'true')
ORDER BY t.important DESC, t.due_at, t.id
"""


async def return_to(ctx: Context, tx: Transaction, back: Mapping[OperatorId, Cause]) -> None:
    """Give tasks back that stand-ins have not begun."""
    found = await tx.conn.fetch(STOOD_IN, list(back))
    if not found:
        return
    known = await operators_of(tx.conn, back)
    batch = Batch(ctx, tx)
    await batch.load(ids={row["process_id"] for row in found})
    for row in found:
        process, who = batch.of_id(row["process_id"]), OperatorId(row["original_id"])
        task = process.state.open_task(row["id"]) if process is not None else None
        if process is None or task is None or task.taken_at is not None or task.original_id != who:
            continue
        if process.state.owner is not None and process.state.owner.id != who:
            continue
        event = Reassigned(task.id, known[who].operator, SYSTEM, MoveReason.BACK, holder=task.operator_id)
        batch.apply(process, event, back[who])
    await batch.save()
