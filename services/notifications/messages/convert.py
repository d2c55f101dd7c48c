"""A message's step as an event."""

from datetime import datetime
from typing import assert_never

import asyncpg

from libs.common.contracts import Cause, Outgoing
from libs.common.contracts.notifications import (
    FinalState,
    MessageDelivered,
    MessageFailed,
    MessageRead,
    MessageSent,
    MessageStep,
)
from libs.common.contracts.shared import MessageProgress
from services.notifications.ladders.convert import passed_of, rungs_of
from services.notifications.messages.rules import Course, MessageState, Via


def course_of(row: asyncpg.Record) -> Course:
    """Return how a stored message goes."""
    return Course(
        MessageState(row["state"]),
        [MessageProgress(step) for step in row["published"]],
        Via(row["rung"], row["channel"], row["provider"]),
        row["deadline"],
        rungs_of(row["ahead"]),
        passed_of(row["passed"]),
        row["code"],
        row["detail"],
        withdrawn=row["withdrawn_at"] is not None,
    )


def step_event(row: asyncpg.Record, step: MessageProgress, via: Via, course: Course, now: datetime) -> Outgoing:
    """Return the event of one step, which the message `row` made by the channel `via`."""
    cause = Cause(row["correlation_id"], row["causation_id"], row["traceparent"])
    key = row["key"] or f"lead:{row['lead_id']}"
    return Outgoing(key, row["desk"], now, _data(row, step, via, course), cause)


_SHARED = ("lead_id", "customer_id", "process_id", "template", "purpose", "operator_id")


def _data(row: asyncpg.Record, step: MessageProgress, via: Via, course: Course) -> MessageStep:
    shared = {name: row[name] for name in _SHARED}
    shared |= {"message_id": row["id"], "channel": via.kind, "provider": via.provider, "actor": row["author"]}
    match step:
        case MessageProgress.SENT:
            at = row["requested_at"] if row["author"] else None
            return MessageSent(**shared, template_version=row["template_version"] or 0, rung=via.number, at=at)
        case MessageProgress.DELIVERED:
            return MessageDelivered(**shared)
        case MessageProgress.READ:
            return MessageRead(**shared)
        case MessageProgress.FAILED:
            state = FinalState.UNKNOWN if course.state is MessageState.UNKNOWN else FinalState.FAILED
            return MessageFailed(**shared, state=state, code=course.code or "", detail=course.detail or "")
        case _:
            assert_never(step)
