"""A broker's state: the records of all topics in their places, and how far each group has read."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from typing import TypeAlias

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from libs.common.messaging.bus.ports import Record

FOREVER = {"retention.ms": "-1"}  # frozen records may be older than any retention when they are read

#: The next offset of each group, topic and partition; names without the stack's prefix.
Offsets: TypeAlias = Mapping[str, Mapping[str, Mapping[str, int]]]


@dataclass(frozen=True, slots=True)
class Frozen:
    """A record as it stood. `timestamp` is milliseconds since 1970, the topic's name has no prefix."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: str | None
    headers: Sequence[tuple[str, str]]
    value: str

    def line(self) -> bytes:
        """Return it as a line of JSON."""
        return orjson.dumps(asdict(self)) + b"\n"

    @property
    def event_id(self) -> str:
        """Return the event's id."""
        return dict(self.headers)["ce_id"]


def behind(records: Sequence[Frozen], offsets: Offsets) -> dict[str, list[Frozen]]:
    """Return the records that each group has yet to read."""
    return {
        group: [
            record
            for record in records
            if record.topic in topics and record.offset >= topics[record.topic].get(str(record.partition), 0)
        ]
        for group, topics in offsets.items()
    }


async def take_records(bootstrap: str, prefix: str, partitions: int) -> list[Frozen]:
    """Read everything, by topic, partition and offset."""
    async with AsyncExitStack() as cleanup:
        admin = await _admin(cleanup, bootstrap)
        topics = sorted(name for name in await admin.list_topics() if name.startswith(f"{prefix}."))
        places = [TopicPartition(topic, number) for topic in topics for number in range(partitions)]
        consumer = await _consumer(cleanup, bootstrap, None)
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        ends = await consumer.end_offsets(places)
        found: list[Frozen] = []
        async with asyncio.timeout(60):
            while any([await consumer.position(place) < end for place, end in ends.items()]):
                for batch in (await consumer.getmany(timeout_ms=200)).values():
                    found += [_frozen(record, prefix) for record in batch]
    return sorted(found, key=lambda record: (record.topic, record.partition, record.offset))


async def take_offsets(bootstrap: str, prefix: str) -> Offsets:
    """Return what each of the stack's groups has committed."""
    async with AsyncExitStack() as cleanup:
        admin = await _admin(cleanup, bootstrap)
        groups = sorted(name for name, *_ in await admin.list_consumer_groups() if name.startswith(f"{prefix}."))
        found: dict[str, dict[str, dict[str, int]]] = {}
        for group in groups:
            read = await admin.list_consumer_group_offsets(group)
            topics = found.setdefault(group.removeprefix(f"{prefix}."), {})
            for place, meta in sorted(read.items()):
                topics.setdefault(place.topic.removeprefix(f"{prefix}."), {})[str(place.partition)] = meta.offset
        return found


async def put_records(bootstrap: str, prefix: str, partitions: int, records: Sequence[Frozen]) -> None:
    """Make the topics and put every record into its place. Raises AssertionError when one lands elsewhere."""
    async with AsyncExitStack() as cleanup:
        admin = await _admin(cleanup, bootstrap)
        names = sorted({record.topic for record in records})
        await admin.create_topics([NewTopic(f"{prefix}.{n}", partitions, 1, topic_configs=FOREVER) for n in names])
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True, acks="all")
        await producer.start()
        cleanup.push_async_callback(producer.stop)
        sent = [await producer.send(f"{prefix}.{record.topic}", **_place(record)) for record in records]
        landed = [(await one).offset for one in sent]
        assert landed == [record.offset for record in records]


async def put_offsets(bootstrap: str, prefix: str, offsets: Offsets) -> None:
    """Let each group have read what it had read."""
    for group, topics in offsets.items():
        async with AsyncExitStack() as cleanup:
            consumer = await _consumer(cleanup, bootstrap, f"{prefix}.{group}")
            read = {
                TopicPartition(f"{prefix}.{topic}", int(number)): offset
                for topic, places in topics.items()
                for number, offset in places.items()
            }
            consumer.assign(list(read))
            await consumer.commit(read)


async def unread(bootstrap: str, prefix: str, offsets: Offsets) -> dict[str, int]:
    """Return how many records each group has yet to read of the topics that it read before."""
    async with AsyncExitStack() as cleanup:
        admin, consumer = await _admin(cleanup, bootstrap), await _consumer(cleanup, bootstrap, None)
        left = {}
        for group, topics in offsets.items():
            read = await admin.list_consumer_group_offsets(f"{prefix}.{group}")
            ends = await consumer.end_offsets(
                [place for place in read if place.topic.removeprefix(f"{prefix}.") in topics]
            )
            left[group] = sum(end - read[place].offset for place, end in ends.items())
        return left


async def delete_topics(bootstrap: str, prefix: str) -> None:
    """Take the stack's topics away from a broker that others use too."""
    async with AsyncExitStack() as cleanup:
        admin = await _admin(cleanup, bootstrap)
        await admin.delete_topics([name for name in await admin.list_topics() if name.startswith(f"{prefix}.")])


def _place(record: Frozen) -> dict[str, object]:
    return {
        "key": record.key.encode() if record.key is not None else None,
        "value": record.value.encode(),
        "headers": [(name, value.encode()) for name, value in record.headers],
        "partition": record.partition,
        "timestamp_ms": record.timestamp,
    }


def _frozen(record: Record, prefix: str) -> Frozen:
    return Frozen(
        record.topic.removeprefix(f"{prefix}."),
        record.partition,
        record.offset,
        record.timestamp,
        record.key.decode() if record.key is not None else None,
        [(name, value.decode()) for name, value in record.headers],
        (record.value or b"").decode(),
    )


async def _admin(cleanup: AsyncExitStack, bootstrap: str) -> AIOKafkaAdminClient:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    cleanup.push_async_callback(admin.close)
    await admin.start()
    return admin


async def _consumer(cleanup: AsyncExitStack, bootstrap: str, group: str | None) -> AIOKafkaConsumer:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False)
    cleanup.push_async_callback(consumer.stop)
    await consumer.start()
    return consumer
