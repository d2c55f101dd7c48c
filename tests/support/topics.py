"""The records of the topics, and those that the workers have not read yet."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from libs.common.contracts import OWNERS, topic
from libs.common.messaging.bus.ports import Record

#: Whose topics each service's worker reads, in a group of the service's name.
READS: Mapping[str, Sequence[str]] = {
    "intake": ("tasks", "assignment"),
    "tasks": ("intake", "assignment", "notifications"),
    "assignment": ("tasks",),
    "notifications": ("tasks", "assignment"),
}


@dataclass(frozen=True, slots=True)
class Topics:
    """The four topics of one stack."""

    bootstrap: str
    prefix: str
    partitions: int

    def of(self, *owners: str) -> list[TopicPartition]:
        """Return the partitions of some owners' topics."""
        return [TopicPartition(topic(owner, self.prefix), n) for owner in owners for n in range(self.partitions)]


@dataclass(frozen=True, slots=True)
class EventFact:
    """A record of an owner's topic, in topic order per partition."""

    owner: str
    key: str
    type: str
    event_id: str
    sequence: int
    body: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def of(cls, record: Record) -> EventFact:
        """Read a record."""
        headers = dict(record.headers)
        return cls(
            record.topic.rpartition(".")[2],
            (record.key or b"").decode(),
            headers["ce_type"].decode(),
            headers["ce_id"].decode(),
            int(headers["ce_sequence"]),
            orjson.loads(record.value or b"{}"),
        )


def distinct(events: Iterable[EventFact]) -> Iterator[EventFact]:
    """Leave out repeats: a relay that died between acknowledgement and delete sends an event twice."""
    seen: set[str] = set()
    for event in events:
        if event.event_id not in seen:
            seen.add(event.event_id)
            yield event


async def read_topics(topics: Topics) -> list[Record]:
    """Read all four topics from the beginning to their present end."""
    server, begin = topics.bootstrap, "earliest"
    consumer = AIOKafkaConsumer(bootstrap_servers=server, auto_offset_reset=begin, enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = topics.of(*OWNERS)
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        records: list[Record] = []
        async with asyncio.timeout(60):
            while any([await consumer.position(tp) < end for tp, end in ends.items()]):
                for batch in (await consumer.getmany(timeout_ms=500)).values():
                    records.extend(batch)
        return records
    finally:
        await consumer.stop()


async def unread(topics: Topics) -> int:
    """Return how many records lie between what the workers have committed and the ends. Raises KafkaError."""
    async with AsyncExitStack() as cleanup:
        consumer = AIOKafkaConsumer(bootstrap_servers=topics.bootstrap, enable_auto_commit=False)
        cleanup.push_async_callback(consumer.stop)
        await consumer.start()
        admin = AIOKafkaAdminClient(bootstrap_servers=topics.bootstrap)
        cleanup.push_async_callback(admin.close)
        await admin.start()
        ends = await consumer.end_offsets(topics.of(*OWNERS))
        left = 0
        for reader, owners in READS.items():
            read = await admin.list_consumer_group_offsets(topic(reader, topics.prefix))
            left += sum(ends[tp] - (read[tp].offset if tp in read else 0) for tp in topics.of(*owners))
        return left
