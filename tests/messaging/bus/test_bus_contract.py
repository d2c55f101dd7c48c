"""One contract for every bus: the memory bus of the tests and real Kafka."""

import secrets
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from libs.common.messaging.bus import Bus, Consumer, Message, Partition, Record
from libs.common.messaging.bus.kafka import KafkaBus
from libs.common.testkit.memory_bus import MemoryBus
from libs.common.testkit.messaging import eventually


@dataclass
class Topic:
    """A bus with a fresh topic of three partitions."""

    bus: Bus
    name: str

    async def send(self, *pairs: tuple[str, str]) -> Sequence[int]:
        producer = await self.bus.producer()
        batch = [(self.name, Message(key.encode(), value.encode(), [("n", b"1")])) for key, value in pairs]
        sent = await producer.send(batch)
        await producer.close()
        return sent.acked

    @asynccontextmanager
    async def member(self, group: str = "readers", instance: str | None = None) -> AsyncIterator["Member"]:
        member = Member()
        member.consumer = await self.bus.consumer(f"{self.name}.{group}", [self.name], instance, member.revoked)
        try:
            yield member
        finally:
            await member.consumer.close()


class Member:
    """A group member that collects what it is given."""

    consumer: Consumer

    def __init__(self) -> None:
        self.lost: set[Partition] = set()
        self.records: list[Record] = []

    async def revoked(self, partitions: Collection[Partition]) -> None:
        self.lost |= set(partitions)

    async def read(self, count: int) -> list[str]:
        async def enough() -> bool:
            self.records += await self.consumer.poll(0.2, 100)
            return len(self.records) >= count

        await eventually(enough, 30)
        return [(record.value or b"").decode() for record in self.records]

    def next_offsets(self) -> dict[Partition, int]:
        return {Partition(record.topic, record.partition): record.offset + 1 for record in self.records}

    async def takes_some(self) -> bool:
        return await self.owns(1) or await self.owns(2)

    async def owns(self, count: int) -> bool:
        self.records += await self.consumer.poll(0.05, 100)
        return len(self.consumer.assignment()) == count


@pytest.fixture(params=["memory", "kafka"])
async def topic(request: pytest.FixtureRequest, kafka_bootstrap: str) -> Topic:
    bus: Bus = KafkaBus(kafka_bootstrap, partitions=3) if request.param == "kafka" else MemoryBus(partitions=3)
    name = f"contract-{secrets.token_hex(4)}.intake"
    await bus.ensure_topics([name])
    return Topic(bus, name)


async def test_creating_a_topic_again_changes_nothing(topic: Topic) -> None:
    await topic.send(("a", "1"))
    await topic.bus.ensure_topics([topic.name])
    async with topic.member() as member:
        assert await member.read(1) == ["1"]


async def test_every_message_is_acknowledged_and_a_key_stays_in_order_in_one_partition(topic: Topic) -> None:
    pairs = [(f"key-{number % 7}", f"{number}") for number in range(70)]
    assert sorted(await topic.send(*pairs)) == list(range(70))
    async with topic.member() as member:
        await member.read(70)
    by_key: dict[bytes | None, list[tuple[int, int]]] = {}
    for record in member.records:
        by_key.setdefault(record.key, []).append((record.partition, int(record.value or b"")))
    assert all(values == sorted(values) and len({at for at, _ in values}) == 1 for values in by_key.values())


async def test_key_value_and_headers_arrive_as_sent(topic: Topic) -> None:
    await topic.send(("lead:1", "тело"))
    async with topic.member() as member:
        await member.read(1)
    (record,) = member.records
    assert (record.key, record.value, list(record.headers)) == (b"lead:1", "тело".encode(), [("n", b"1")])


async def test_a_batch_larger_than_one_request_goes_in_order(topic: Topic) -> None:
    pairs = [("one", f"{number:02}" + "x" * 200_000) for number in range(12)]
    assert len(await topic.send(*pairs)) == 12
    async with topic.member() as member:
        assert [value[:2] for value in await member.read(12)] == [f"{number:02}" for number in range(12)]


async def test_what_is_not_committed_comes_again(topic: Topic) -> None:
    await topic.send(("a", "1"), ("a", "2"))
    async with topic.member() as first:
        await first.read(2)
    async with topic.member() as second:
        assert await second.read(2) == ["1", "2"]


async def test_what_is_committed_does_not_come_again(topic: Topic) -> None:
    await topic.send(("a", "1"))
    async with topic.member() as first:
        await first.read(1)
        assert await first.consumer.commit(first.next_offsets())
    await topic.send(("a", "2"))
    async with topic.member() as second:
        assert await second.read(1) == ["2"]


async def test_seeking_back_delivers_again(topic: Topic) -> None:
    await topic.send(("a", "1"), ("a", "2"))
    async with topic.member() as member:
        await member.read(2)
        first = member.records[1]
        member.consumer.seek(Partition(first.topic, first.partition), first.offset)
        assert await member.read(3) == ["1", "2", "2"]


async def test_a_paused_partition_is_silent_until_it_is_resumed(topic: Topic) -> None:
    await topic.send(("a", "1"))
    async with topic.member() as member:
        await member.read(1)
        member.consumer.pause(member.consumer.assignment())
        await topic.send(("a", "2"))
        silent = await member.consumer.poll(0.4, 10)
        member.consumer.resume(member.consumer.assignment())
        assert (list(silent), await member.read(2)) == ([], ["1", "2"])


async def test_a_second_member_takes_its_share_and_the_first_is_informed(topic: Topic) -> None:
    async with topic.member() as first:
        await eventually(lambda: first.owns(3))
        async with topic.member() as second:
            await eventually(lambda: _both(first, second), 30)
        assert len(first.lost) == 3


async def test_offsets_of_a_partition_given_away_are_refused(topic: Topic) -> None:
    await topic.send(("a", "1"))
    async with topic.member() as member:
        await member.read(1)
        assert not await member.consumer.commit({Partition(topic.name, 99): 1})


async def test_a_member_that_lost_a_partition_cannot_store_what_it_read_of_it(topic: Topic) -> None:
    await topic.send(*((f"key-{number}", f"{number}") for number in range(30)))
    async with topic.member() as first:
        await first.read(30)
        old = first.next_offsets()
        async with topic.member() as second:
            await eventually(second.takes_some, 30)
            assert not await first.consumer.commit(old)
    assert len(old) == 3


async def test_what_a_member_lost_goes_on_with_its_new_owner_from_the_last_stored_offset(topic: Topic) -> None:
    await topic.send(*((f"key-{number}", f"{number}") for number in range(30)))
    async with topic.member() as first:
        await first.read(30)
        async with topic.member() as second:
            await eventually(second.takes_some, 30)
            await first.consumer.commit(first.next_offsets())
            taken = set(second.consumer.assignment())
            expected = [record for record in first.records if Partition(record.topic, record.partition) in taken]
            assert len(await second.read(len(expected))) == len(expected)


async def test_lag_counts_what_lies_ahead(topic: Topic) -> None:
    await topic.send(("a", "1"))
    async with topic.member() as member:
        await member.read(1)
        member.consumer.pause(member.consumer.assignment())
        await topic.send(("a", "2"), ("a", "3"))
        assert sum((await member.consumer.lag()).values()) == 2


async def test_a_closed_producer_sends_nothing(topic: Topic) -> None:
    producer = await topic.bus.producer()
    await producer.close()
    sent = await producer.send([(topic.name, Message(b"a", b"1", []))])
    assert (list(sent.acked), sent.error is None) == ([], False)


async def _both(first: Member, second: Member) -> bool:
    mine, other = await first.owns(2), await second.owns(1)
    return (mine and other) or (len(first.consumer.assignment()), len(second.consumer.assignment())) == (1, 2)
