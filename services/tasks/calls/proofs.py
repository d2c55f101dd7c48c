"""Whether telephony has a call that an outcome claims: judged when it is read, so that a late record clears it."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, cast, exists, func, not_, or_, select

from libs.common.platform.db import Connection, Database
from services.tasks.calls.rules import LONGEST_TALK, PROVES_BEFORE, PROVES_FOR
from services.tasks.calls.tables import call
from services.tasks.engine.state import OperatorId, State, Task
from services.tasks.processes.tables import process
from services.tasks.tasks.tables import task

# A call of the task's own time alone: that of the attempt before proves nothing of this one.
MADE = """
SELECT EXISTS (
    SELECT FROM call c
    WHERE (c.lead_id = $1 OR c.customer_id = $2) AND c.operator_id = $3 AND c.kind <> 'missed'
      AND c.at > $4::timestamptz - $5::interval - $6::interval AND c.at <= $4
      AND (c.duration IS NULL OR c.at + make_interval(secs => c.duration)
           >= greatest($4 - $5::interval, $7::timestamptz))
)
"""


async def was_made(conn: Connection, state: State, of: Task, operator: OperatorId, now: datetime) -> bool:
    """Return whether telephony knows of a call of this operator with the customer of a task that ends now."""
    facts = state.facts
    found: bool = await conn.fetchval(
        MADE, facts.lead_id, facts.customer_id, operator, now, PROVES_FOR, LONGEST_TALK, of.opened_at
    )
    return found


def unproved(now: datetime) -> ColumnElement[bool]:
    """Return the condition of tasks whose outcome claims a call of which telephony knows nothing (P.11).

    Nothing is claimed in vain at a desk of which no call had been heard by then: it has no telephony.
    """
    heard = exists().where(call.c.desk == task.c.desk, call.c.at < task.c.closed_at - PROVES_FOR)
    whose = select(process.c.customer_id).where(process.c.id == task.c.process_id)
    customer = whose.correlate(task).scalar_subquery()
    return and_(
        task.c.call_made.is_(True),
        task.c.closed_at < now - PROVES_BEFORE,
        heard,
        not_(exists().where(call.c.lead_id == task.c.lead_id, _near())),
        not_(exists().where(call.c.customer_id == customer, _near())),
    )


def _near() -> ColumnElement[bool]:
    """Return the condition of a call that proves the outcome of a task; one of nobody known may be anyone's."""
    ended = call.c.at + func.make_interval(0, 0, 0, 0, 0, 0, call.c.duration)
    return and_(
        call.c.kind != "missed",
        call.c.at > task.c.closed_at - PROVES_FOR - LONGEST_TALK,
        call.c.at < task.c.closed_at + PROVES_BEFORE,
        or_(
            call.c.duration.is_(None),
            ended >= func.greatest(task.c.closed_at - PROVES_FOR, task.c.opened_at),
        ),
        or_(call.c.operator_id.is_(None), cast(call.c.operator_id, Text) == task.c.closed_by),
    )


async def unproved_of(db: Database, claimed: Collection[UUID], now: datetime) -> frozenset[UUID]:
    """Return those tasks of which telephony does not know the call that their outcomes claim."""
    if not claimed:
        return frozenset()
    query = select(task.c.id).where(task.c.id.in_(claimed), unproved(now))
    async with db.read() as conn:
        return frozenset((await conn.execute(query)).scalars())
