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
from services.notifications.messages.rules import Fact, State


def step_event(row: asyncpg.Record, step: MessageProgress, fact: Fact, now: datetime) -> Outgoing:
    """Return the event of one step; `row` is the message, `fact` its present state."""
    cause = Cause(row["correlation_id"], row["causation_id"], row["traceparent"])
    key = row["key"] or f"lead:{row['lead_id']}"
    return Outgoing(key, row["desk"], now, _data(row, step, fact), cause)


_SHARED = ("lead_id", "process_id", "template", "purpose", "channel", "provider")


def _data(row: asyncpg.Record, step: MessageProgress, fact: Fact) -> MessageStep:
    shared = {name: row[name] for name in _SHARED}
    shared["message_id"] = row["id"]
    match step:
        case MessageProgress.SENT:
            return MessageSent(**shared, template_version=row["template_version"])
        case MessageProgress.DELIVERED:
            return MessageDelivered(**shared)
        case MessageProgress.READ:
            return MessageRead(**shared)
        case MessageProgress.FAILED:
            state = FinalState.UNKNOWN if fact.state is State.UNKNOWN else FinalState.FAILED
            return MessageFailed(**shared, state=state, code=fact.code or "", detail=fact.detail or "")
        case _:
            assert_never(step)
