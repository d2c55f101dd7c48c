"""Writing feeds: one row per operator and event; the position is taken under the lock of the operator's row."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, assert_never
from uuid import UUID

from libs.common.contracts import EventData, Received
from libs.common.contracts.assignment import OperatorChanged
from libs.common.contracts.notices import CallRinging, TaskReminded
from libs.common.contracts.shared import Text
from libs.common.contracts.tasks import (
    TaskAssigned,
    TaskCompleted,
    TaskDeferred,
    TaskFailed,
    TaskLent,
    TaskOverdue,
    TaskReassigned,
    TaskReleased,
    TaskReturned,
    TaskTaken,
)
from libs.common.platform.db import Transaction
from services.notifications.feed.rules import FeedKind
from services.notifications.pushes.store import forget_dismissed

ADD = """
WITH input AS (
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::uuid[], $6::jsonb[], $7::text[],
                         $8::timestamptz[], $9::uuid[], $10::timestamptz[], $11::jsonb[], $12::text[], $13::uuid[])
        WITH ORDINALITY
        AS t(operator_id, desk, kind, task_id, lead_id, title, order_number, due_at, event_id, at, person, zone,
             message_id, n)
), bumped AS (
    INSERT INTO feed AS f (operator_id, desk, position)
    SELECT operator_id, min(desk), count(*) FROM input GROUP BY operator_id ORDER BY operator_id
    ON CONFLICT (operator_id) DO UPDATE SET position = f.position + excluded.position
    RETURNING operator_id, position
)
INSERT INTO feed_item
    (operator_id, position, desk, kind, task_id, lead_id, title, order_number, due_at, event_id, at, person, zone,
     message_id)
SELECT i.operator_id,
       b.position - count(*) OVER (PARTITION BY i.operator_id)
                  + row_number() OVER (PARTITION BY i.operator_id ORDER BY i.n),
       i.desk, i.kind, i.task_id, i.lead_id, i.title, i.order_number, i.due_at, i.event_id, i.at,
       i.person, i.zone, i.message_id
FROM input i JOIN bumped b USING (operator_id)
"""
STORE_OPERATORS = """
INSERT INTO operator AS o (operator_id, desk, subject, name, sequence, active, department, heads)
SELECT DISTINCT ON (operator_id) operator_id, desk, subject, name, sequence, active, department, heads
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bool[], $7::text[], $8::jsonb[])
     AS t (operator_id, desk, subject, name, sequence, active, department, heads)
ORDER BY operator_id, sequence DESC
ON CONFLICT (operator_id) DO UPDATE SET desk = excluded.desk, subject = excluded.subject, name = excluded.name,
    sequence = excluded.sequence, active = excluded.active, department = excluded.department, heads = excluded.heads
WHERE o.sequence < excluded.sequence
"""

_TITLES: Mapping[FeedKind, Text] = {
    FeedKind.MESSAGE_RECEIVED: Text(ru="Клиент написал", en="The customer wrote"),
    FeedKind.MESSAGE_ANSWERED: Text(ru="Клиенту ответили", en="The customer was answered"),
    FeedKind.MESSAGE_FAILED: Text(ru="Ответ клиенту не дошёл", en="The answer has not arrived"),
    FeedKind.CALL_RINGING: Text(ru="Звонит клиент", en="A customer calls"),
}
_SHOWN = {"name", "phone", "phone_raw"}

Ended: TypeAlias = TaskCompleted | TaskFailed | TaskDeferred
FeedEvent: TypeAlias = (
    TaskAssigned
    | TaskTaken
    | TaskReassigned
    | TaskLent
    | TaskReturned
    | TaskReleased
    | TaskReminded
    | TaskOverdue
    | Ended
)
Entry: TypeAlias = tuple[UUID | None, FeedKind]


@dataclass(frozen=True, slots=True)
class Notice:
    """Word of a message for one operator; `person` is its customer, as an entry shows them."""

    operator_id: UUID
    desk: str
    kind: FeedKind
    lead_id: UUID | None
    event_id: UUID
    at: datetime
    person: object
    zone: object
    message_id: UUID


async def add_to_feeds(tx: Transaction, events: Sequence[Received[FeedEvent]]) -> None:
    """Add what happened to tasks to the feeds of those who have or had them (S0.3, S2.12)."""
    rows = [
        (
            operator_id,
            e.desk,
            kind,
            e.data.task_id,
            e.data.lead_id,
            title.model_dump(),
            _order_number(e.data),
            e.data.was_due_at if isinstance(e.data, Ended) else e.data.due_at,
            e.event_id,
            e.time,
            *_whom(e.data, kind),
            None,
        )
        for e in events
        for operator_id, kind in entries_of(e.data)
        # Ends and overdue tasks of the release before do not say their title.
        if operator_id is not None and (title := e.data.title) is not None
    ]
    await _add(tx, rows)


async def add_messages(tx: Transaction, notices: Sequence[Notice]) -> None:
    """Add word of messages to the feeds of the operators who hear of them."""
    rows = [
        (
            one.operator_id,
            one.desk,
            one.kind,
            None,
            one.lead_id,
            _TITLES[one.kind].model_dump(),
            None,
            None,
            one.event_id,
            one.at,
            one.person,
            one.zone,
            one.message_id,
        )
        for one in notices
    ]
    await _add(tx, rows)


async def add_calls(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
    """Add to the feeds of those whose telephones ring who it is that calls (S0.4)."""
    rows = [
        (
            ringing.operator_id,
            e.desk,
            FeedKind.CALL_RINGING,
            None,
            ringing.lead_id,
            _TITLES[FeedKind.CALL_RINGING].model_dump(),
            None,
            None,
            e.event_id,
            e.time,
            ringing.person and ringing.person.model_dump(mode="json", include=_SHOWN),
            ringing.zone,
            None,
        )
        for e in events
        if isinstance(ringing := e.data, CallRinging)
    ]
    await _add(tx, rows)


async def _add(tx: Transaction, rows: Sequence[tuple[object, ...]]) -> None:
    if rows:
        await tx.conn.execute(ADD, *(list(column) for column in zip(*rows, strict=True)))


def entries_of(event: FeedEvent) -> tuple[Entry, ...]:
    """Return who reads of an event in their feed, and as what; no operator has it: None."""
    match event:
        case TaskAssigned(operator_id=operator_id):
            return ((operator_id, FeedKind.TASK_ASSIGNED),)
        case TaskTaken(operator_id=operator_id):
            return ((operator_id, FeedKind.TASK_TAKEN),)
        case TaskReassigned(from_operator_id=before, to_operator_id=now, lender_id=lender):
            return (now, FeedKind.TASK_ASSIGNED), *_moved({before, lender} - {now})
        case TaskLent(from_operator_id=before, to_operator_id=now):
            return (now, FeedKind.TASK_ASSIGNED), *_moved({before})
        case TaskReturned(from_operator_id=before, to_operator_id=now):
            return (now, FeedKind.TASK_ASSIGNED), *_moved({before})
        case TaskReleased(operator_id=operator_id, lender_id=lender):
            return tuple((who, FeedKind.TASK_RELEASED) for who in _in_order({operator_id, lender}))
        case TaskReminded(operator_id=reminded):
            return ((reminded, FeedKind.TASK_REMINDED),)
        case TaskOverdue(operator_id=holder):
            return ((holder, FeedKind.TASK_OVERDUE),)
        case TaskCompleted(operator_id=holder) | TaskFailed(operator_id=holder) | TaskDeferred(operator_id=holder):
            return ((holder, FeedKind.TASK_CLOSED),)
        case _:
            assert_never(event)


def _moved(who: Set[UUID | None]) -> tuple[Entry, ...]:
    return tuple((operator_id, FeedKind.TASK_MOVED) for operator_id in _in_order(who))


def _in_order(who: Set[UUID | None]) -> Sequence[UUID]:
    return sorted(operator_id for operator_id in who if operator_id is not None)


def _whom(event: FeedEvent, kind: FeedKind) -> tuple[object, str | None]:
    """Return the customer and their zone, for who has the task by now."""
    if isinstance(event, Ended) or kind in (FeedKind.TASK_MOVED, FeedKind.TASK_RELEASED):
        return None, None
    return event.person and event.person.model_dump(mode="json", include=_SHOWN), event.zone


def _order_number(event: FeedEvent) -> str | None:
    match event:
        case TaskTaken() | TaskLent() | TaskReturned() | TaskReleased():
            return None
        case _:
            return event.order_number


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
        [e.data.department for e in events],
        [e.data.heads for e in events],
    )
    await forget_dismissed(tx, {e.data.operator_id for e in events})
