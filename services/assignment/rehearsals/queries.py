"""Who would get work now: the consumer's use case on a request, taken back."""

from libs.common.contracts import Cause, Received
from libs.common.messaging.inbox.rehearsal import rehearsed
from libs.common.platform.http.language import Language
from libs.common.platform.ids import uuid7
from services.assignment.context import Context
from services.assignment.decisions.queries import decision_view
from services.assignment.offers.actions import work_events
from services.assignment.rehearsals.schemas import WorkRehearsal, WorkRehearsalIn

POOL = "SELECT EXISTS (SELECT FROM pool WHERE desk = $1 AND code = $2 AND active)"
DECISION = """
SELECT d.*, p.code AS pool FROM decision d JOIN pool p ON p.id = d.pool_id WHERE d.task_id = $1
"""
NAMES = """
SELECT o.id, o.name FROM operator o JOIN seat s ON s.operator_id = o.id
WHERE s.pool_id = $1 OR o.id = $2
"""


async def rehearse(ctx: Context, given: WorkRehearsalIn, cause: Cause, language: Language) -> WorkRehearsal:
    """Return the decision on a request, as it would be made now. Raises EventRefusedError."""
    # A task of its own, so that no other's work is moved.
    work = given.work.model_copy(update={"task_id": uuid7()})
    exists = await ctx.db.pool.fetchval(POOL, given.desk, work.pool)
    event = Received(uuid7(), f"task:{work.task_id}", given.desk, ctx.now(), 1, cause, work)
    # The use case is made anew: what it remembers of pools is not kept either.
    async with rehearsed(ctx.db, work_events(ctx), [event]) as conn:
        [row] = await conn.fetch(DECISION, work.task_id)  # each request is decided, once
        names = {each["id"]: each["name"] for each in await conn.fetch(NAMES, row["pool_id"], row["operator_id"])}
        found = decision_view(row, names, language)
    return WorkRehearsal(
        desk=given.desk,
        pool=work.pool,
        pool_exists=exists,
        at=found.at,
        operator_id=found.operator_id,
        operator_name=found.operator_name,
        reason=found.reason,
        candidates=found.candidates,
    )
