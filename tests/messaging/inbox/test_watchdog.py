"""Detection of a consumer without progress: silent clients and partitions, hanging use cases, lag."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace

import pytest

from libs.common.contracts import EventData, Received
from libs.common.messaging.bus.ports import Message, Partition
from libs.common.messaging.inbox.watchdog import Watchdog
from libs.common.platform.db import Transaction
from libs.common.testkit.memory_bus import MemoryBus
from libs.common.testkit.messaging import QUICK_CONSUMER, Stack, emit, eventually, note_down, running, status_event


async def test_a_client_that_went_silent_is_made_anew(stack: Stack, memory: MemoryBus) -> None:
    stack.consuming = replace(QUICK_CONSUMER, look=0.2)
    await stack.publish([status_event("a", "1")])
    async with running(stack.consumer().run):
        await stack.noted(1)
        (member,) = memory.groups["test.readers"].members
        member.pause(member.assignment())  # as aiokafka does it: no error, no records
        await stack.publish([status_event("a", "2")])
        assert await stack.noted(2) == [("a", "1"), ("a", "2")]
    assert stack.counted("consumer_rebuilds_total", reason="lag without progress") == 1


async def test_one_silent_partition_among_others_that_deliver_is_noticed(stack: Stack, memory: MemoryBus) -> None:
    stack.consuming = replace(QUICK_CONSUMER, look=0.3)
    await stack.publish([status_event(f"k{number}", "x") for number in range(9)])
    async with running(stack.consumer().run), running(stack.relay().run):
        await stack.noted(9)
        (member,) = memory.groups["test.readers"].members
        member.pause([Partition(stack.topic, _partition(memory, stack, "k0"))])
        for _ in range(20):
            await emit(stack.db, [status_event(f"k{number}", "y") for number in range(9)])
            await asyncio.sleep(0.05)
        assert len(await stack.noted(189)) == 189
    assert stack.counted("consumer_rebuilds_total", reason="lag without progress") == 1


async def test_while_every_poll_is_full_a_partition_may_wait_for_its_turn(
    stack: Stack, memory: MemoryBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.consuming = replace(QUICK_CONSUMER, look=0.05)
    monkeypatch.setattr("libs.common.messaging.inbox.consumer.POLL_RECORDS", 1)
    stack.use_case = _slow
    await stack.publish([status_event(f"k{number}", "x") for number in range(9)])
    async with running(stack.consumer().run):
        await stack.noted(9)
    assert stack.counted("consumer_rebuilds_total", reason="lag without progress") == 0


async def test_a_topic_whose_partitions_went_to_others_shows_no_lag(stack: Stack, memory: MemoryBus) -> None:
    await memory.ensure_topics([stack.topic])
    watchdog, member = (
        Watchdog(stack.metrics, QUICK_CONSUMER),
        await memory.consumer("g", [stack.topic], None, _no_revocation),
    )
    await member.poll(0, 1)
    memory.append(stack.topic, Message(b"a", b"", []))
    await watchdog.look(member, 10, ())
    shown = stack.counted("consumer_lag", topic=stack.topic)
    memory.groups["g"].members[:0] = [await memory.consumer("g", [stack.topic], None, _no_revocation)] * 3
    await member.poll(0, 1)
    await watchdog.look(member, 20, ())
    assert (shown, stack.registry.get_sample_value("consumer_lag", {"topic": stack.topic})) == (1, None)


async def test_a_use_case_that_hangs_makes_it_unready(stack: Stack) -> None:
    stack.consuming = replace(QUICK_CONSUMER, late=0.2)
    go_on = asyncio.Event()

    async def hangs(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
        await go_on.wait()

    stack.use_case = hangs
    await stack.publish([status_event("a", "1")])
    consumer = stack.consumer()
    async with running(consumer.run):
        await eventually(lambda: _says(consumer.fault, "stands still"))
        go_on.set()


async def _says(fault: str | None, words: str) -> bool:
    return words in (fault or "")


async def _slow(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
    await note_down(tx, events)
    await asyncio.sleep(0.15)


async def _no_revocation(_: Collection[Partition]) -> None: ...


def _partition(memory: MemoryBus, stack: Stack, key: str) -> int:
    return next(record.partition for record in memory.records(stack.topic) if record.key == key.encode())
