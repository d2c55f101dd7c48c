"""The consumer on a bus in memory and a real database: once each, in order, after every failure."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace

import asyncpg
import pytest

from libs.common.contracts import EventData, Received
from libs.common.contracts.envelope import MAX_KEY
from libs.common.messaging.bus.ports import Message
from libs.common.messaging.inbox import Transient, UseCase
from libs.common.messaging.inbox.sequence import Fault
from libs.common.platform.db import Transaction
from libs.common.platform.ids import uuid7
from libs.common.testkit.memory_bus import MemoryBus, MemoryRecord
from libs.common.testkit.messaging import (
    QUICK_CONSUMER,
    Faulty,
    Stack,
    eventually,
    journal,
    note_down,
    reason,
    running,
    status_event,
)

Events = Sequence[Received[EventData]]


def _headers(*, time: bytes = b"2026-03-02T12:00:00Z", key: bytes = b"odd") -> list[tuple[str, bytes]]:
    """The headers of a valid event, with the given ones replaced."""
    return [
        ("ce_specversion", b"1.0"), ("ce_source", b"/dozvon/intake"), ("content-type", b"application/json"),
        ("ce_id", str(uuid7()).encode()), ("ce_type", b"dozvon.lead.status_changed.v1"), ("ce_subject", key),
        ("ce_time", time), ("ce_sequence", b"1"), ("ce_correlationid", str(uuid7()).encode()), ("ce_desk", b"demo"),
    ]  # fmt: skip


def in_order(notes: list[tuple[str, str]], keys: int, events: int) -> bool:
    """Whether numbered events, distributed over keys in turn, were noted once each and in order per key."""
    found = {own: [int(note) for key, note in notes if key == f"k{own}"] for own in range(keys)}
    return found == {own: list(range(own, events, keys)) for own in range(keys)}


async def test_events_are_applied_once_each_in_order_per_key(stack: Stack) -> None:
    await stack.publish([status_event(f"k{number % 3}", f"{number}") for number in range(30)])
    async with running(stack.consumer().run):
        notes = await stack.noted(30)
    assert in_order(notes, keys=3, events=30)


async def test_a_batch_is_one_call_in_one_transaction(stack: Stack) -> None:
    stack.use_case = faulty = Faulty()
    await stack.publish([status_event(f"k{number}", "x") for number in range(30)])
    async with running(stack.consumer().run):
        await stack.noted(30)
    assert faulty.batches == [30]


async def test_after_a_small_poll_it_lingers_until_the_pause_or_the_worker_ends(stack: Stack) -> None:
    stack.consuming = replace(QUICK_CONSUMER, linger=60.0)
    await stack.publish([status_event("a", "1")])
    async with running(stack.consumer().run):
        await stack.noted(1)
        await stack.publish([status_event("a", "2")])
    assert await journal(stack.db) == [("a", "1")]


async def test_repeats_never_reach_the_use_case(stack: Stack, memory: MemoryBus) -> None:
    await stack.publish([status_event("a", f"{number}") for number in range(5)])
    for record in list(memory.records(stack.topic)) * 2:
        memory.append(stack.topic, Message(record.key or b"", record.value or b"", record.headers))
    async with running(stack.consumer().run):
        await eventually(lambda: _counted(stack, "repeated", 10))
    assert await journal(stack.db) == [("a", f"{number}") for number in range(5)]


async def test_a_restart_without_committed_offsets_applies_nothing_twice(stack: Stack, memory: MemoryBus) -> None:
    await stack.publish([status_event("a", "1"), status_event("b", "2")])
    async with running(stack.consumer().run):
        await stack.noted(2)
    memory.groups.clear()
    async with running(stack.consumer().run):
        await eventually(lambda: _counted(stack, "repeated", 2))
    assert len(await journal(stack.db)) == 2


async def test_offsets_are_committed_when_it_stops(stack: Stack, memory: MemoryBus) -> None:
    await stack.publish([status_event("a", "1"), status_event("a", "2")])
    async with running(stack.consumer().run):
        await stack.noted(2)
    assert sum(memory.groups["test.readers"].offsets.values()) == 2


async def test_types_of_no_concern_are_skipped_and_counted_with_any_content(
    stack: Stack, memory: MemoryBus
) -> None:
    memory.append(stack.topic, Message(b"a", b"\xff not JSON", [("ce_type", b"dozvon.lead.updated.v1")]))
    await stack.publish([status_event("a", "1")])
    async with running(stack.consumer().run):
        await stack.noted(1)
    assert (stack.counted("consumer_events_total", topic=stack.topic, result="skipped"), await stack.states()) == (
        1,
        [],
    )


async def test_what_a_payload_says_in_vain_takes_no_transaction_and_leaves_no_gap(stack: Stack) -> None:
    heeding = Stack(stack.db, stack.bus, heeds=lambda data: reason(data) != "in vain")
    await heeding.publish([status_event("a", note) for note in ("1", "in vain", "2")])
    async with running(heeding.consumer().run):
        assert await heeding.noted(2) == [("a", "1"), ("a", "2")]
    counted = [heeding.counted("consumer_events_total", topic=heeding.topic, result="skipped")]
    counted += [heeding.counted("consumer_order_faults_total", kind=fault.value) for fault in Fault]
    assert (counted, await stack.db.pool.fetchval("SELECT count(*) FROM inbox")) == ([1, 0, 0], 2)


async def test_a_poisoned_event_parks_its_key_and_no_other(stack: Stack) -> None:
    stack.use_case = Faulty("poison")
    pairs = [("a", "1"), ("a", "poison"), ("b", "2"), ("a", "3")]
    await stack.publish([status_event(key, note) for key, note in pairs])
    async with running(stack.consumer().run):
        notes = await stack.noted(2)
        await eventually(lambda: _parked(stack, 2))
    assert (sorted(notes), await stack.states()) == ([("a", "1"), ("b", "2")], [("a", "failed"), ("a", "blocked")])


async def test_a_key_stays_parked_over_a_restart(stack: Stack) -> None:
    stack.use_case = Faulty("poison")
    await stack.publish([status_event("a", "poison")])
    async with running(stack.consumer().run):
        await eventually(lambda: _parked(stack, 1))
    await stack.publish([status_event("a", "later")])
    async with running(stack.consumer().run):
        await eventually(lambda: _parked(stack, 2))
    assert await journal(stack.db) == []


async def test_what_is_parked_says_why_without_personal_data(stack: Stack) -> None:
    stack.use_case = Faulty("poison")
    await stack.publish([status_event("a", "poison")])
    async with running(stack.consumer().run):
        await eventually(lambda: _parked(stack, 1))
    row = await stack.db.pool.fetchrow("SELECT error_type, error, attempts FROM parked")
    assert row is not None
    assert (row["error_type"], row["error"], row["attempts"]) == ("ValueError", "phone *** is bad", 1)


@pytest.mark.parametrize(
    ("headers", "value"),
    [
        ([], b"{}"),
        ([("ce_type", b"dozvon.lead.status_changed.v1"), ("ce_id", b"\x00\xff")], b"{}"),
        ([("ce_specversion", b"1.0"), ("note", b"\x00")], None),
        ([("no\x00te", b"1")], b"{}"),
        (_headers(time=b"0001-01-01T00:00:00+14:00"), b"{}"),
        (_headers(key=b"odd key" * 1000), b"{}"),
    ],
    ids=["no headers", "bad id", "no type, no value", "NUL in a name", "before time", "long key"],
)
async def test_what_is_no_event_is_parked_and_the_rest_goes_on(
    stack: Stack, memory: MemoryBus, headers: list[tuple[str, bytes]], value: bytes | None
) -> None:
    memory.append(stack.topic, Message(b"odd\x00key", value, headers))  # type: ignore[arg-type]  # a tombstone
    await stack.publish([status_event("a", "1")])
    async with running(stack.consumer().run):
        await stack.noted(1)
        await eventually(lambda: _parked(stack, 1))
    ((key, state),) = await stack.states()
    assert (key[:3], len(key) <= MAX_KEY, state) == ("odd", True, "failed")


async def test_a_record_from_beyond_the_last_year_is_parked(stack: Stack, memory: MemoryBus) -> None:
    memory.append(stack.topic, Message(b"odd", b"{}", []))
    for partition, log in memory.logs.items():
        memory.logs[partition] = [replace(record, timestamp=2**62) for record in log]
    async with running(stack.consumer().run):
        await eventually(lambda: _parked(stack, 1))


async def test_a_payload_that_does_not_fit_its_type_is_parked_with_its_key(stack: Stack, memory: MemoryBus) -> None:
    await stack.publish([status_event("a", "1"), status_event("a", "2")])
    for partition, log in memory.logs.items():
        memory.logs[partition] = [_without_body(record) if record.offset == 0 else record for record in log]
    async with running(stack.consumer().run):
        await eventually(lambda: _parked(stack, 2))
    assert await stack.states() == [("a", "failed"), ("a", "blocked")]


async def test_a_transient_error_loses_and_parks_nothing(stack: Stack) -> None:
    stack.use_case = faulty = Faulty("moody", error=Transient)
    await stack.publish([status_event("a", "1"), status_event("a", "moody"), status_event("a", "3")])
    async with running(stack.consumer().run):
        await eventually(lambda: _tried(faulty, 3))
        faulty.bad.clear()
        notes = await stack.noted(3)
    assert ([note for _, note in notes], await stack.states()) == (["1", "moody", "3"], [])


@pytest.mark.parametrize(
    "error", [Transient, OSError, TimeoutError, asyncpg.DiskFullError, asyncpg.ConnectionDoesNotExistError]
)
async def test_a_lasting_transient_error_holds_up_its_own_partition_alone(
    stack: Stack, memory: MemoryBus, error: type[Exception]
) -> None:
    stack.use_case = Faulty("moody", error=error)
    await stack.publish([status_event("a", "moody"), *(status_event(f"k{number}", "fine") for number in range(20))])
    async with running(stack.consumer().run):
        notes = await stack.noted(8)
    stuck = next(record.partition for record in memory.records(stack.topic) if record.key == b"a")
    assert all(_partition(memory, stack, key) != stuck for key, _ in notes)


async def test_what_stands_before_an_event_that_waits_is_applied(stack: Stack) -> None:
    stack.use_case = Faulty("moody", error=Transient)
    await stack.publish([status_event("a", note) for note in ("1", "2", "moody", "3")])
    async with running(stack.consumer().run):
        assert await stack.noted(2) == [("a", "1"), ("a", "2")]


async def test_a_poisoned_event_divides_its_own_partition_alone(stack: Stack, memory: MemoryBus) -> None:
    stack.use_case = faulty = Faulty("poison")
    await stack.publish(
        [status_event("a", "poison"), *(status_event(f"k{number}", "fine") for number in range(60))]
    )
    async with running(stack.consumer().run):
        await stack.noted(60)
    stuck = next(record.partition for record in memory.records(stack.topic) if record.key == b"a")
    singly = [record for record in memory.records(stack.topic) if record.partition == stuck]
    assert len(faulty.batches) == 1 + 3 + len(singly)


async def test_lost_database_sessions_are_survived(stack: Stack) -> None:
    await stack.publish([status_event(f"k{number}", "x") for number in range(300)])
    stack.use_case = _slow
    async with running(stack.consumer().run):
        for _ in range(3):
            await asyncio.sleep(0.1)
            await _kill_sessions(stack)
        notes = await stack.noted(300)
    assert (len(notes), len(set(notes)), await stack.states()) == (300, 300, [])


async def test_too_many_failures_stop_the_consumer_and_park_no_more(stack: Stack) -> None:
    stack.use_case = Faulty("bad")
    await stack.publish([status_event(f"k{number}", "bad") for number in range(100)])
    consumer = stack.consumer()
    async with running(consumer.run):
        await eventually(lambda: _halted(stack))
        assert consumer.fault == "stopped by too many failures"
    assert len(await stack.states()) == 10


async def test_when_the_bus_fails_a_new_client_goes_on(stack: Stack, memory: MemoryBus) -> None:
    await stack.publish([status_event("a", "1")])
    async with running(stack.consumer().run):
        await stack.noted(1)
        memory.down = True
        await eventually(lambda: _rebuilt(stack))
        memory.down = False
        await stack.publish([status_event("a", "2")])
        notes = await stack.noted(2)
    assert notes == [("a", "1"), ("a", "2")]


async def test_a_gap_in_a_key_is_counted(stack: Stack, memory: MemoryBus) -> None:
    await stack.publish([status_event("a", f"{number}") for number in range(3)])
    for partition, log in memory.logs.items():
        memory.logs[partition] = [record for record in log if record.offset != 1]
    async with running(stack.consumer().run):
        await stack.noted(2)
        await eventually(lambda: _gap(stack))


@pytest.mark.parametrize("seed", range(3))
async def test_repeats_faults_and_a_second_member_end_in_the_same_journal(
    stack: Stack, memory: MemoryBus, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311 - chance that can be repeated
    await stack.publish([status_event(f"k{number % 4}", f"{number}") for number in range(80)])
    for log in memory.logs.values():
        log[:] = _repeated(log, dice)
    stack.use_case = _moody(dice)
    async with running(stack.consumer().run), running(stack.consumer().run):
        notes = await stack.noted(80)
    assert in_order(notes, keys=4, events=80)


async def _tried(faulty: Faulty, times: int) -> bool:
    return len(faulty.batches) >= times


async def _rebuilt(stack: Stack) -> bool:
    return any(
        sample.value for metric in stack.metrics.rebuilds.collect() for sample in metric.samples if sample.labels
    )


def _repeated(log: Sequence[MemoryRecord], dice: random.Random) -> list[MemoryRecord]:
    # A relay that starts again sends from an earlier row on: repeats come as runs, in order.
    found = list(log)
    for _ in range(3):
        start, end = sorted((dice.randrange(len(log) + 1), dice.randrange(len(log) + 1)))
        after = next((at for at, record in enumerate(found) if record.offset == end), len(found))
        found[after:after] = log[start:end]
    return [replace(record, offset=offset) for offset, record in enumerate(found)]


def _moody(dice: random.Random) -> UseCase:
    async def use_case(tx: Transaction, events: Events) -> None:
        await note_down(tx, events)
        if dice.random() < 0.3:
            raise Transient

    return use_case


async def _slow(tx: Transaction, events: Events) -> None:
    await note_down(tx, events)
    await asyncio.sleep(0.15)


async def _kill_sessions(stack: Stack) -> None:
    conn = await asyncpg.connect(stack.db.config.url)
    try:
        await conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
    finally:
        await conn.close()


async def _parked(stack: Stack, count: int) -> bool:
    return len(await stack.states()) == count


async def _counted(stack: Stack, result: str, count: int) -> bool:
    return stack.counted("consumer_events_total", topic=stack.topic, result=result) >= count


async def _halted(stack: Stack) -> bool:
    return stack.counted("consumer_halted") == 1


async def _gap(stack: Stack) -> bool:
    return stack.counted("consumer_order_faults_total", kind="gap") == 1


def _without_body(record: MemoryRecord) -> MemoryRecord:
    return replace(record, value=b'{"lead_id": 5}')


def _partition(memory: MemoryBus, stack: Stack, key: str) -> int:
    return next(record.partition for record in memory.records(stack.topic) if record.key == key.encode())
