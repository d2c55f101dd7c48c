"""The relay on a bus in memory and a real database: nothing lost, order per key, after every failure."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Sequence

import pytest

from libs.common.messaging import outbox
from libs.common.messaging.bus import Routed, Sent
from libs.common.messaging.outbox.hint import hinting
from libs.common.messaging.outbox.pace import RelayIntervals
from libs.common.messaging.outbox.relay_store import RelayStore
from libs.common.testkit.memory_bus import MemoryBus, MemoryProducer
from libs.common.testkit.messaging import Stack, emit, eventually, running, status_event

EVENTS = [status_event(f"lead:{number % 5}", f"{number}") for number in range(60)]

_REFUSE_DELETE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE lock_not_available; END';
CREATE TRIGGER refuse BEFORE DELETE ON outbox EXECUTE FUNCTION refuse();
"""


def sequences(memory: MemoryBus, topic: str) -> dict[bytes, list[int]]:
    """The first occurrences of each key's sequence numbers: what an inbox lets through."""
    found: dict[bytes, list[int]] = defaultdict(list)
    for record in memory.records(topic):
        number = int(dict(record.headers)["ce_sequence"])
        if number not in found[record.key or b""]:
            found[record.key or b""].append(number)
    return found


def in_order(memory: MemoryBus, topic: str, keys: int, each: int) -> bool:
    found = sequences(memory, topic)
    return len(found) == keys and all(numbers == list(range(1, each + 1)) for numbers in found.values())


async def test_committed_events_leave_in_order_and_are_deleted(stack: Stack, memory: MemoryBus) -> None:
    await stack.publish(EVENTS)
    assert in_order(memory, stack.topic, keys=5, each=12)
    assert len(memory.records(stack.topic)) == 60


async def test_what_commits_late_with_a_smaller_id_is_not_missed(stack: Stack, memory: MemoryBus) -> None:
    async with running(stack.relay().run), stack.db.begin() as slow:
        await outbox.add(slow, [status_event("slow", "first drawn")])
        await emit(stack.db, [status_event("fast", "later")])
        await eventually(lambda: _count(memory, stack, 1))
        await slow.commit()
        await eventually(lambda: _count(memory, stack, 2))


@pytest.mark.parametrize("fails_at", [0, 7, 31, 59])
async def test_a_send_that_fails_midway_goes_on_from_the_first_unacknowledged(
    stack: Stack, memory: MemoryBus, fails_at: int
) -> None:
    refused = iter([True])
    memory.refuse = lambda message: f'"{fails_at}"'.encode() in message.value and next(refused, False)
    await stack.publish(EVENTS)
    assert in_order(memory, stack.topic, keys=5, each=12)
    assert stack.counted("relay_errors_total", part="bus") == 1


async def test_after_an_error_the_producer_is_a_new_one(stack: Stack, memory: MemoryBus) -> None:
    refused = iter([True])
    memory.refuse = lambda _: next(refused, False)
    await stack.publish(EVENTS)
    assert memory.producers == 2


async def test_lost_acknowledgements_mean_repeats_and_no_loss(stack: Stack, memory: MemoryBus) -> None:
    memory.deaf = True
    await emit(stack.db, EVENTS)
    async with running(stack.relay().run):
        await eventually(lambda: _count(memory, stack, 60))
        memory.deaf = False
        await eventually(stack.outbox_empty)
    assert in_order(memory, stack.topic, keys=5, each=12)
    assert len(memory.records(stack.topic)) in range(120, 6000, 60)


async def test_a_delete_that_a_crash_of_the_server_lost_means_repeats_and_no_loss(
    stack: Stack, memory: MemoryBus
) -> None:
    await emit(stack.db, EVENTS)
    await stack.db.pool.execute("CREATE TABLE kept AS SELECT * FROM outbox")
    await stack.publish([])
    await stack.db.pool.execute("INSERT INTO outbox OVERRIDING SYSTEM VALUE SELECT * FROM kept")
    await stack.publish([])
    assert (len(memory.records(stack.topic)), in_order(memory, stack.topic, keys=5, each=12)) == (120, True)


async def test_what_was_sent_goes_with_the_next_read_and_is_not_read_again(stack: Stack) -> None:
    store = await RelayStore.connect(stack.db.config)
    await emit(stack.db, EVENTS[:3])
    first = [row["id"] for row in await store.read(2)]
    await emit(stack.db, EVENTS[3:4])
    then = [row["id"] for row in await store.read(10, first)]
    await store.close()
    left = [row["id"] for row in await stack.db.pool.fetch("SELECT id FROM outbox ORDER BY id")]
    assert (len(first), len(then), left) == (2, 2, then)


async def test_the_relay_alone_does_not_wait_for_the_disk(stack: Stack) -> None:
    store = await RelayStore.connect(stack.db.config)
    relays = await store._conn.fetchval("SHOW synchronous_commit")
    await store.close()
    assert (relays, await stack.db.pool.fetchval("SHOW synchronous_commit")) == ("off", "on")


async def test_while_the_bus_is_down_events_wait_and_then_all_go(stack: Stack, memory: MemoryBus) -> None:
    memory.down = True
    await emit(stack.db, EVENTS)
    async with running(stack.relay().run):
        await eventually(lambda: _errors(stack, 2))
        memory.down = False
        await eventually(stack.outbox_empty)
    assert in_order(memory, stack.topic, keys=5, each=12)


async def test_of_two_relays_one_leads(stack: Stack) -> None:
    first, second = stack.relay(), Stack(stack.db, stack.bus, use_case=stack.use_case)
    async with running(first.run):
        await eventually(lambda: _leads(stack))
        async with running(second.relay().run):
            await eventually(lambda: _rests(stack, "SELECT pg_try_advisory_lock%"))
            assert not await _leads(second)


async def test_a_follower_takes_over_when_the_leaders_session_dies(stack: Stack, memory: MemoryBus) -> None:
    other = Stack(stack.db, memory)
    async with running(stack.relay().run):
        await eventually(lambda: _leads(stack))
        async with running(other.relay().run):
            await _kill_sessions(stack)
            await emit(stack.db, EVENTS)
            await eventually(stack.outbox_empty)
    assert in_order(memory, stack.topic, keys=5, each=12)


@pytest.mark.parametrize("seed", range(3))
async def test_writers_faults_and_lost_leaders_at_once_lose_nothing_and_keep_order(
    stack: Stack, memory: MemoryBus, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311 - chance that can be repeated
    memory.refuse = lambda _: dice.random() < 0.004
    other = Stack(stack.db, memory)
    async with running(stack.relay(batch=20).run), running(other.relay(batch=20).run):
        writing = asyncio.gather(*(_write(stack, seed * 10 + number) for number in range(4)))
        for _ in range(3):
            await asyncio.sleep(0.15)
            await _kill_sessions(stack)
        await writing
        await eventually(stack.outbox_empty, 30)
    assert in_order(memory, stack.topic, keys=4, each=100)


async def test_a_commit_wakes_an_idle_relay(stack: Stack, memory: MemoryBus) -> None:
    stack.relaying = RelayIntervals(busy=3600, idle=3600)
    relay = stack.relay()
    stack.db.wake_relay = relay.wake
    async with running(relay.run):
        await eventually(lambda: _rests(stack, "%FROM outbox%"))
        await emit(stack.db, [status_event("a", "1")])
        await eventually(lambda: _count(memory, stack, 1), 3)


async def test_a_commit_of_another_process_wakes_an_idle_relay(stack: Stack, memory: MemoryBus) -> None:
    stack.relaying = RelayIntervals(busy=3600, idle=3600)
    relay = stack.relay()
    async with running(relay.run), hinting(stack.db):
        await eventually(lambda: _rests(stack, "%FROM outbox%"))
        await emit(stack.db, [status_event("a", "1")])
        await eventually(lambda: _count(memory, stack, 1), 5)


async def test_a_stop_wakes_an_idle_relay(stack: Stack) -> None:
    stack.relaying = RelayIntervals(busy=3600, idle=3600)
    async with running(stack.relay().run):
        await eventually(lambda: _rests(stack, "%FROM outbox%"))


async def test_a_stop_wakes_a_follower(stack: Stack) -> None:
    other = Stack(stack.db, stack.bus, relaying=RelayIntervals(follow=3600))
    async with running(stack.relay().run):
        await eventually(lambda: _leads(stack))
        async with running(other.relay().run):
            await eventually(lambda: _rests(stack, "SELECT pg_try_advisory_lock%"))


async def test_without_any_hint_polls_find_what_was_committed(stack: Stack, memory: MemoryBus) -> None:
    async with running(stack.relay().run):
        await eventually(lambda: _rests(stack, "%FROM outbox%"))
        await emit(stack.db, [status_event("a", "1")])
        await eventually(lambda: _count(memory, stack, 1))


async def test_a_delete_that_fails_again_and_again_sends_nothing_twice(stack: Stack, memory: MemoryBus) -> None:
    await stack.db.pool.execute(_REFUSE_DELETE)
    await emit(stack.db, EVENTS)
    async with running(stack.relay().run):
        await eventually(lambda: _errors(stack, 3, "database"))
        await stack.db.pool.execute("DROP TRIGGER refuse ON outbox")
        await eventually(stack.outbox_empty)
    assert len(memory.records(stack.topic)) == 60


async def test_a_database_that_refuses_is_asked_ever_more_rarely(stack: Stack) -> None:
    await stack.db.pool.execute(_REFUSE_DELETE)
    await emit(stack.db, EVENTS)
    stack.relaying = RelayIntervals(after_error=0.02, longest=10)
    began = asyncio.get_running_loop().time()
    async with running(stack.relay().run):
        await eventually(lambda: _errors(stack, 6, "database"))
        assert asyncio.get_running_loop().time() - began > 0.02 + 0.04 + 0.08 + 0.16 + 0.32


async def test_lag_is_that_of_the_oldest_up_to_its_acknowledgement(stack: Stack) -> None:
    stack.bus = SlowBus()
    await emit(stack.db, EVENTS)
    await stack.db.pool.execute(
        "UPDATE outbox SET stored_at = stored_at - interval '1 minute' WHERE id = (SELECT min(id) FROM outbox)"
    )
    async with running(stack.relay().run):
        await eventually(stack.outbox_empty)
    assert 60.3 <= stack.counted("relay_lag_seconds_sum") < 70


async def test_stopping_flushes_what_is_committed(stack: Stack, memory: MemoryBus) -> None:
    async with running(stack.relay(batch=10).run):
        await eventually(lambda: _leads(stack))
        await emit(stack.db, EVENTS)
    assert len(memory.records(stack.topic)) == 60


async def test_depth_and_age_are_measured(stack: Stack) -> None:
    await emit(stack.db, EVENTS)
    await asyncio.sleep(0.05)
    await stack.outbox.look(stack.db)
    assert stack.counted("outbox_depth") == 60
    assert 0.05 <= stack.outbox.oldest_seconds < 5


async def _write(stack: Stack, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - chance that can be repeated
    # Every key gets as many events in all, in transactions of different sizes and lengths.
    left = [f"lead:{number}" for number in range(4) for _ in range(25)]
    dice.shuffle(left)
    while left:
        size = dice.randint(1, 5)
        async with stack.db.begin() as tx:
            await outbox.add(tx, [status_event(key, "x") for key in left[:size]])
            await asyncio.sleep(dice.random() * 0.01)
            await tx.commit()
        left = left[size:]


async def _kill_sessions(stack: Stack) -> None:
    await stack.db.pool.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name LIKE '%-relay' AND datname = current_database()"
    )


async def _count(memory: MemoryBus, stack: Stack, count: int) -> bool:
    return len(memory.records(stack.topic)) >= count


async def _leads(stack: Stack) -> bool:
    return stack.counted("relay_leader") == 1


async def _rests(stack: Stack, query: str) -> bool:
    """Return whether a relay's session has asked this and does nothing now."""
    found: int = await stack.db.pool.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE '%-relay'"
        " AND datname = current_database() AND state = 'idle' AND trim(query, E' \n') LIKE $1",
        query,
    )
    return found > 0


async def _errors(stack: Stack, count: int, part: str = "bus") -> bool:
    return stack.counted("relay_errors_total", part=part) >= count


class SlowBus(MemoryBus):
    """Acknowledges after a while and, like Kafka, in any order."""

    async def producer(self) -> MemoryProducer:
        return SlowProducer(self)


class SlowProducer(MemoryProducer):
    async def send(self, batch: Sequence[Routed]) -> Sent:
        await asyncio.sleep(0.3)
        sent = await super().send(batch)
        return Sent(sent.acked[::-1], sent.error)
