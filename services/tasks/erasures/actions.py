"""The work about a person who is erased ends: their tasks fail by the rule `erased`, their timers stop."""

from libs.common.contracts.erasures import TasksScrubbed
from libs.common.platform.db import Transaction
from libs.common.platform.erasure.actions import Eraser
from libs.common.platform.erasure.store import Erasure
from services.tasks.context import Context
from services.tasks.engine.events import MergedAway
from services.tasks.erasures.places import PLACES
from services.tasks.processes.batch import Batch

AT_ONCE = 50  # processes

LIVE = f"""
SELECT id FROM process
WHERE (lead_id = ANY($1::uuid[]) OR subject_id = ANY($1) OR subject_id = ANY($2::uuid[])
       OR customer_id = ANY($2)) AND ended_at IS NULL
ORDER BY id LIMIT {AT_ONCE}
"""  # noqa: S608 - a constant


# Leads of the customer that the erasure did not know of: their order was on its way meanwhile.
ADOPT = """
INSERT INTO erased (id, kind, desk, erasure_id)
SELECT DISTINCT lead_id, 'lead', $1, $2::uuid FROM process
WHERE customer_id = ANY($3::uuid[]) AND lead_id IS NOT NULL AND lead_id <> ALL ($4::uuid[])
ON CONFLICT DO NOTHING
"""


def eraser(ctx: Context) -> Eraser:
    """Return what empties tasks of a person, once nothing is worked about them any more."""

    async def end(tx: Transaction, erasure: Erasure) -> int:
        given = list(erasure.customers), list(erasure.leads)
        if await tx.conn.execute(ADOPT, erasure.desk, erasure.id, *given) != "INSERT 0 0":
            return 1  # the next time they are among the leads
        rows = await tx.conn.fetch(LIVE, list(erasure.leads), list(erasure.customers))
        batch = Batch(ctx, tx)
        await batch.load(ids=[row["id"] for row in rows])
        for row in rows:
            if (process := batch.of_id(row["id"])) is not None:
                batch.apply(process, MergedAway(erased=True), erasure.cause)
        await batch.save()
        return len(rows)

    return Eraser(ctx.core, PLACES, TasksScrubbed, end)
