"""What is true after the dust has settled: rows of all four schemas, the stand-in's journal, the topics."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from libs.common.events import OWNERS, topic
from libs.common.testing.wazzup.journal import Journal


@dataclass(frozen=True, slots=True)
class TaskFact:
    """A task as its owner, tasks, has it, and what assignment knows of it."""

    task_id: UUID
    lead_id: UUID
    state: str
    mode: str
    operator_id: UUID | None
    offered: bool
    work_state: str | None


@dataclass(frozen=True, slots=True)
class MessageFact:
    """An intent, and the keys under which it was offered to the provider."""

    message_id: UUID
    lead_id: UUID
    state: str
    attempts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EventFact:
    """A record of a topic, in topic order per partition."""

    topic: str
    key: str
    type: str
    event_id: str
    sequence: int


@dataclass(frozen=True)
class Facts:
    """Everything that the checkers look at. `answered`: lead ids of each 2xx that a client got."""

    answered: Sequence[UUID]
    leads: Sequence[UUID]
    processes: Sequence[UUID]
    live: frozenset[UUID]
    timers: frozenset[UUID]
    tasks: Sequence[TaskFact]
    messages: Sequence[MessageFact]
    sent: Mapping[str, int]
    delivered: frozenset[str]
    events: Sequence[EventFact]
    left: Mapping[str, int]


LIVE = "SELECT lead_id FROM tasks.process WHERE ended_at IS NULL"
TIMERS = "SELECT p.lead_id FROM tasks.timer t JOIN tasks.process p ON p.id = t.process_id"
TASKS = """
SELECT t.id, t.lead_id, t.state, t.mode, t.operator_id, t.offered_at IS NOT NULL AS offered, w.state AS work_state
FROM tasks.task t LEFT JOIN assignment.work w ON w.task_id = t.id
"""
MESSAGES = """
SELECT m.id, m.lead_id, m.state, array_agg(a.id::text) FILTER (WHERE a.id IS NOT NULL) AS attempts
FROM notifications.message m LEFT JOIN notifications.attempt a ON a.message_id = m.id GROUP BY m.id
"""
PARKED = "SELECT count(*) FROM {0}.parked WHERE state IN ('blocked', 'failed', 'retrying')"


async def gather(admin_url: str, topics: tuple[str, str, int], journal: Journal, answered: Sequence[UUID]) -> Facts:
    """Read everything once; quiescence is the caller's care. `topics`: bootstrap, prefix, partitions."""
    conn = await asyncpg.connect(admin_url)
    try:
        return Facts(
            answered=answered,
            leads=[row["id"] for row in await conn.fetch("SELECT id FROM intake.lead")],
            processes=[row["lead_id"] for row in await conn.fetch("SELECT lead_id FROM tasks.process")],
            live=frozenset(row["lead_id"] for row in await conn.fetch(LIVE)),
            timers=frozenset(row["lead_id"] for row in await conn.fetch(TIMERS)),
            tasks=[TaskFact(*row.values()) for row in await conn.fetch(TASKS)],
            messages=[
                MessageFact(row["id"], row["lead_id"], row["state"], tuple(row["attempts"] or ()))
                for row in await conn.fetch(MESSAGES)
            ],
            sent=_counts([entry.crm_message_id for entry in journal.entries.values()]),
            delivered=frozenset(
                str(entry.crm_message_id) for entry in journal.entries.values() if "delivered" in entry.statuses
            ),
            events=await read_topics(*topics),
            left=await backlog(conn),
        )
    finally:
        await conn.close()


async def backlog(conn: asyncpg.Connection[asyncpg.Record]) -> dict[str, int]:
    """Return what has not left an outbox, and what is parked, by `<schema>.<table>`."""
    found = {}
    for owner in OWNERS:
        found[f"{owner}.outbox"] = await conn.fetchval(f"SELECT count(*) FROM {owner}.outbox")
        found[f"{owner}.parked"] = await conn.fetchval(PARKED.format(owner))
    return found


async def read_topics(bootstrap: str, prefix: str, count: int) -> list[EventFact]:
    """Read all four topics, of `count` partitions each, from the beginning to their present end."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest")
    await consumer.start()
    try:
        names = [topic(owner, prefix) for owner in OWNERS]
        partitions = [TopicPartition(name, number) for name in names for number in range(count)]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        await consumer.seek_to_beginning(*partitions)
        events: list[EventFact] = []
        async with asyncio.timeout(60):
            while any([await consumer.position(tp) < end for tp, end in ends.items()]):
                for batch in (await consumer.getmany(timeout_ms=500)).values():
                    events.extend(_fact(record.topic, record.key, dict(record.headers)) for record in batch)
        return events
    finally:
        await consumer.stop()


def _fact(name: str, key: bytes, headers: Mapping[str, bytes]) -> EventFact:
    return EventFact(
        name, key.decode(), headers["ce_type"].decode(), headers["ce_id"].decode(), int(headers["ce_sequence"])
    )


def _counts(keys: Sequence[str | None]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for key in keys:
        counts[str(key)] = counts.get(str(key), 0) + 1
    return counts
