"""Writing feeds: one row per operator and event; the position is taken under the lock of the operator's row."""

from collections.abc import Sequence
from typing import TypeAlias, assert_never
from uuid import UUID

from libs.common.contracts import Received
from libs.common.contracts.assignment import OperatorChanged
from libs.common.contracts.notices import TaskReminded
from libs.common.contracts.tasks import TaskAssigned, TaskLent, TaskReassigned, TaskReturned, TaskTaken
from libs.common.platform.db import Transaction

ADD = """
WITH input AS (
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::uuid[], $6::jsonb[], $7::text[],
                         $8::timestamptz[], $9::uuid[], $10::timestamptz[], $11::jsonb[], $12::text[])
        WITH ORDINALITY
        AS t(operator_id, desk, kind, task_id, lead_id, title, order_number, due_at, event_id, at, person, zone, n)
), bumped AS (
    INSERT INTO feed AS f (operator_id, desk, position)
    SELECT operator_id, min(desk), count(*) FROM input GROUP BY operator_id ORDER BY operator_id
    ON CONFLICT (operator_id) DO UPDATE SET position = f.position + excluded.position
    RETURNING operator_id, position
)
INSERT INTO feed_item
    (operator_id, position, desk, kind, task_id, lead_id, title, order_number, due_at, event_id, at, person, zone)
SELECT i.operator_id,
       b.position - count(*) OVER (PARTITION BY i.operator_id)
                  + row_number() OVER (PARTITION BY i.operator_id ORDER BY i.n),
       i.desk, i.kind, i.task_id, i.lead_id, i.title, i.order_number, i.due_at, i.event_id, i.at,
       i.person, i.zone
FROM input i JOIN bumped b USING (operator_id)
"""
STORE_OPERATORS = """
INSERT INTO operator AS o (operator_id, desk, subject, name, sequence, active)
SELECT DISTINCT ON (operator_id) operator_id, desk, subject, name, sequence, active
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bool[])
     AS t (operator_id, desk, subject, name, sequence, active)
ORDER BY operator_id, sequence DESC
ON CONFLICT (operator_id) DO UPDATE SET desk = excluded.desk, subject = excluded.subject, name = excluded.name,
    sequence = excluded.sequence, active = excluded.active
WHERE o.sequence < excluded.sequence
"""

_SHOWN = {"name", "phone", "phone_raw"}

FeedEvent: TypeAlias = TaskAssigned | TaskTaken | TaskReassigned | TaskLent | TaskReturned | TaskReminded


async def add_to_feeds(tx: Transaction, events: Sequence[Received[FeedEvent]]) -> None:
    """Add tasks to the feed of the operator who has got them (S0.3), or is reminded of them (S2.12)."""
    rows = [
        (
            operator_id,
            e.desk,
            _kind(e.data),
            e.data.task_id,
            e.data.lead_id,
            e.data.title.model_dump(),
            _order_number(e.data),
            e.data.due_at,
            e.event_id,
            e.time,
            e.data.person and e.data.person.model_dump(mode="json", include=_SHOWN),
            e.data.zone,
        )
        for e in events
        if (operator_id := _operator(e.data)) is not None
    ]
    if rows:
        await tx.conn.execute(ADD, *(list(column) for column in zip(*rows, strict=True)))


def _operator(event: FeedEvent) -> UUID | None:
    match event:
        case TaskAssigned(operator_id=operator_id) | TaskTaken(operator_id=operator_id):
            return operator_id
        case TaskReassigned(to_operator_id=operator_id) | TaskLent(to_operator_id=operator_id):
            return operator_id
        case TaskReturned(to_operator_id=operator_id):
            return operator_id
        case TaskReminded(operator_id=reminded):
            return reminded
        case _:
            assert_never(event)


def _kind(event: FeedEvent) -> str:
    match event:
        case TaskAssigned() | TaskReassigned() | TaskLent() | TaskReturned():
            return "task_assigned"
        case TaskTaken():
            return "task_taken"
        case TaskReminded():
            return "task_reminded"
        case _:
            assert_never(event)


def _order_number(event: FeedEvent) -> str | None:
    match event:
        case TaskAssigned(order_number=order_number) | TaskReassigned(order_number=order_number):
            return order_number
        case TaskReminded(order_number=order_number):
            return order_number
        case TaskTaken() | TaskLent() | TaskReturned():
            return None
        case _:
            assert_never(event)


async def store_operators(tx: Transaction, events: Sequence[Received[OperatorChanged]]) -> None:
    """Store which token (`sub`) may read which feed; an older event never overwrites a newer one."""
    await tx.conn.execute(
        STORE_OPERATORS,
        [e.data.operator_id for e in events],
        [e.desk for e in events],
        [e.data.subject for e in events],
        [e.data.name for e in events],
        [e.sequence for e in events],
        [e.data.active for e in events],
    )
