"""SQL that moves messages and publishes each step once: for answers, callbacks and time-outs alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from libs.common.contracts.shared import MessageProgress
from libs.common.messaging import outbox
from libs.common.platform.db import Transaction
from services.notifications.messages.convert import step_event
from services.notifications.messages.rules import Fact, State, advance

LOCK = """
SELECT id, desk, lead_id, key, process_id, template, template_version, purpose, channel, provider, state, published,
       code, detail, correlation_id, causation_id, traceparent
FROM message WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE
"""
MOVE = """
UPDATE message m
SET state = t.state, published = string_to_array(t.published, ','), code = t.code, detail = t.detail,
    changed_at = $6
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[]) AS t (id, state, published, code, detail)
WHERE m.id = t.id
"""


@dataclass(slots=True)
class _Message:
    """A locked message: facts change it in memory, then it is written once."""

    row: asyncpg.Record
    state: State
    published: list[MessageProgress]
    code: str | None
    detail: str | None
    steps: list[MessageProgress]


async def apply_facts(tx: Transaction, facts: Sequence[tuple[UUID, Fact]], now: datetime) -> None:
    """Apply facts to their messages in the caller's transaction and publish each new step once."""
    if not facts:
        return
    rows = await tx.conn.fetch(LOCK, list({message_id for message_id, _ in facts}))
    messages = {row["id"]: _loaded(row) for row in rows}
    for message_id, fact in facts:
        _apply(messages[message_id], fact)
    await _write(tx, list(messages.values()), now)


async def publish_stopped(tx: Transaction, stopped: Mapping[UUID, Fact], now: datetime) -> None:
    """Publish the failure of messages that were stored as failed and never sent."""
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
    events = [
        step_event(message.row, step, Fact(message.state, message.code, message.detail), now)
        for message in messages
        for step in message.steps
    ]
    await outbox.add(tx, events)
