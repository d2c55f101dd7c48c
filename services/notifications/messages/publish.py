"""Moving messages on and telling of it: one way for answers, callbacks and time-outs alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never
from uuid import UUID

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
from libs.common.messaging import outbox
from libs.common.platform.db import Transaction
from services.notifications.messages.rules import State, advance

LOCK = """
SELECT id, desk, lead_id, template, template_version, purpose, channel, provider, state, published, code, detail,
       correlation_id, causation_id, traceparent
FROM message WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE
"""
MOVE = """
UPDATE message m
SET state = t.state, published = string_to_array(t.published, ','), code = t.code, detail = t.detail,
    changed_at = $6
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[]) AS t (id, state, published, code, detail)
WHERE m.id = t.id
"""


@dataclass(frozen=True, slots=True)
class Fact:
    """What became known of a message; `code` and `detail` say why it failed."""

    state: State
    code: str | None = None
    detail: str | None = None


@dataclass(slots=True)
class _Message:
    """A locked message, moved in memory before it is written once."""

    row: asyncpg.Record
    state: State
    published: list[MessageProgress]
    code: str | None
    detail: str | None
    steps: list[MessageProgress]


async def learn(tx: Transaction, facts: Sequence[tuple[UUID, Fact]], now: datetime) -> None:
    """Apply facts to their messages in the caller's transaction and publish the steps they bring, each once."""
    if not facts:
        return
    rows = await tx.conn.fetch(LOCK, list({message_id for message_id, _ in facts}))
    messages = {row["id"]: _loaded(row) for row in rows}
    for message_id, fact in facts:
        _apply(messages[message_id], fact)
    await _write(tx, list(messages.values()), now)


async def announce_stopped(tx: Transaction, stopped: Mapping[UUID, Fact], now: datetime) -> None:
    """Publish messages that were stored as failed: they never left."""
    rows = await tx.conn.fetch(LOCK, list(stopped))
    messages = [_loaded(row) for row in rows]
    for message in messages:
        message.steps.append(MessageProgress.FAILED)
        message.published.append(MessageProgress.FAILED)
    await _write(tx, messages, now)


def _loaded(row: asyncpg.Record) -> _Message:
    published = [MessageProgress(step) for step in row["published"]]
    return _Message(row, State(row["state"]), published, row["code"], row["detail"], [])


def _apply(message: _Message, fact: Fact) -> None:
    state, steps = advance(message.state, fact.state, message.published)
    if state is message.state:
        return
    message.state, message.code, message.detail = state, fact.code, fact.detail
    message.published.extend(steps)
    message.steps.extend(steps)


async def _write(tx: Transaction, messages: Sequence[_Message], now: datetime) -> None:
    await tx.conn.execute(
        MOVE,
        [message.row["id"] for message in messages],
        [message.state for message in messages],
        [",".join(message.published) for message in messages],
        [message.code for message in messages],
        [message.detail for message in messages],
        now,
    )
    await outbox.add(tx, [_event(message, step, now) for message in messages for step in message.steps])


def _event(message: _Message, step: MessageProgress, now: datetime) -> Outgoing:
    row = message.row
    cause = Cause(row["correlation_id"], row["causation_id"], row["traceparent"])
    return Outgoing(f"lead:{row['lead_id']}", row["desk"], now, _data(message, step), cause)


def _data(message: _Message, step: MessageProgress) -> MessageStep:
    row = message.row
    shared = {name: row[name] for name in ("lead_id", "template", "purpose", "channel", "provider")}
    shared["message_id"] = row["id"]
    match step:
        case MessageProgress.SENT:
            return MessageSent(**shared, template_version=row["template_version"])
        case MessageProgress.DELIVERED:
            return MessageDelivered(**shared)
        case MessageProgress.READ:
            return MessageRead(**shared)
        case MessageProgress.FAILED:
            state = FinalState.UNKNOWN if message.state is State.UNKNOWN else FinalState.FAILED
            return MessageFailed(**shared, state=state, code=message.code or "", detail=message.detail or "")
        case _:
            assert_never(step)
