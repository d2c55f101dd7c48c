"""The records of the topics, and those that the workers have not read yet."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from libs.common.contracts import Topic, topic_name
from libs.common.messaging.bus.ports import Record
from libs.common.messaging.bus.topics import partitions_of
from services.assignment import subscriptions as assignment
from services.intake import subscriptions as intake
from services.notifications import subscriptions as notifications
from services.tasks import subscriptions as tasks

#: The topics that each service's worker reads, in a group of the service's name.
READS: Mapping[str, Sequence[str]] = {
    "intake": intake.TOPICS,
    "tasks": tasks.TOPICS,
    "assignment": assignment.TOPICS,
    "notifications": notifications.TOPICS,
}


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one stack; `partitions` is the most that one of them has."""

    bootstrap: str
    prefix: str
    partitions: int

    def of(self, *topics: str) -> list[TopicPartition]:
        """Return the partitions of some topics."""
        names = [topic_name(topic, self.prefix) for topic in topics]
        return [TopicPartition(name, n) for name in names for n in range(partitions_of(name, self.partitions))]


@dataclass(frozen=True, slots=True)
class EventFact:
    """A record and the service that wrote it, in topic order per partition."""

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
            Topic(record.topic.rpartition(".")[2]).owner,
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
    """Read all topics from the beginning to their present end, one after the other.

    People come after assignment: what an earlier release wrote of an operator stands there.
    """
    server, begin = topics.bootstrap, "earliest"
    consumer = AIOKafkaConsumer(bootstrap_servers=server, auto_offset_reset=begin, enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = topics.of(*Topic)
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        records: list[Record] = []
        async with asyncio.timeout(60):
            while any([await consumer.position(tp) < end for tp, end in ends.items()]):
                for batch in (await consumer.getmany(timeout_ms=500)).values():
                    records.extend(batch)
        place = {topic_name(topic, topics.prefix): number for number, topic in enumerate(Topic)}
        return sorted(records, key=lambda record: place[record.topic])
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
        ends = await consumer.end_offsets(topics.of(*Topic))
        left = 0
        for reader, read_topics in READS.items():
            read = await admin.list_consumer_group_offsets(topic_name(reader, topics.prefix))
            left += sum(ends[tp] - (read[tp].offset if tp in read else 0) for tp in topics.of(*read_topics))
        return left
