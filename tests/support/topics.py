"""The records of the topics."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import orjson
from aiokafka import AIOKafkaConsumer

from deploy.local.under_way import Topics
from libs.common.contracts import Topic, topic_name
from libs.common.messaging.bus.ports import Record


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
