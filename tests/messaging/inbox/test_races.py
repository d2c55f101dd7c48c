"""Two consumers that apply the same event, and a leader whose last batch is written after its successor's."""

import asyncio
from collections.abc import Sequence
from itertools import count

import pytest

from libs.common.contracts import EventData, Received
from libs.common.messaging.inbox.apply import Applier
from libs.common.messaging.inbox.incoming import Incoming
from libs.common.messaging.inbox.store import claim, park
from libs.common.platform.db import Database, Transaction
from libs.common.testkit.database import BLOCKED
from libs.common.testkit.memory_bus import MemoryBus
from libs.common.testkit.messaging import Stack, emit, eventually, journal, note_down, running, status_event


class Gate:
    """A use case whose first call waits in the middle of its transaction, and then fails if asked to."""

    def __init__(self) -> None:
        self.inside, self.go_on = asyncio.Event(), asyncio.Event()
        self.error: Exception | None = None
        self._calls = count()

    async def __call__(self, tx: Transaction, events: Sequence[Received[EventData]]) -> None:
        await note_down(tx, events)
        if next(self._calls) == 0:
            self.inside.set()
            await self.go_on.wait()
            if self.error is not None:
                raise self.error


@pytest.fixture
def gate(stack: Stack) -> Gate:
    stack.use_case = gate = Gate()
    return gate


@pytest.fixture
def owner(stack: Stack) -> Applier:
    """The applier of the partition's new owner; `stack.applier` has lost the partition without notice."""
    return Stack(stack.db, stack.bus, use_case=stack.use_case).applier


async def incoming(stack: Stack, memory: MemoryBus, *notes: str) -> list[Incoming]:
    await stack.publish([status_event("a", note) for note in notes])
    return [item for item in stack.reader.read(memory.records(stack.topic)) if isinstance(item, Incoming)]


async def test_of_two_that_apply_the_same_event_at_once_one_does(
    stack: Stack, memory: MemoryBus, gate: Gate, owner: Applier
) -> None:
    items = await incoming(stack, memory, "1", "2")
    zombie = asyncio.create_task(stack.applier.apply(items))
    await gate.inside.wait()
    other = asyncio.create_task(owner.apply(items))
    await eventually(lambda: _one_waits(stack.db))
    gate.go_on.set()
    assert (await zombie, await other) == ({0, 1}, set())
    assert await journal(stack.db) == [("a", "1"), ("a", "2")]


async def test_when_the_first_fails_the_one_that_waited_for_it_applies(
    stack: Stack, memory: MemoryBus, gate: Gate, owner: Applier
) -> None:
    items = await incoming(stack, memory, "1", "2")
    gate.error = ValueError("bad")
    zombie = asyncio.create_task(stack.applier.apply(items))
    await gate.inside.wait()
    other = asyncio.create_task(owner.apply(items))
    await eventually(lambda: _one_waits(stack.db))
    gate.go_on.set()
    failed, applied = await asyncio.gather(zombie, other, return_exceptions=True)
    assert (failed is gate.error, applied) == (True, {0, 1})
    assert await journal(stack.db) == [("a", "1"), ("a", "2")]


async def test_batches_that_overlap_in_another_order_do_not_deadlock(
    stack: Stack, memory: MemoryBus, owner: Applier
) -> None:
    await stack.publish([status_event(f"k{number}", "x") for number in range(40)])
    items = [item for item in stack.reader.read(memory.records(stack.topic)) if isinstance(item, Incoming)]
    await asyncio.gather(stack.applier.apply(items), owner.apply(items[::-1]), stack.applier.apply(items[10:30]))
    assert len(await journal(stack.db)) == 40


async def test_what_the_one_parks_blocks_its_key_for_the_other_that_waited(
    stack: Stack, memory: MemoryBus, owner: Applier
) -> None:
    items = await incoming(stack, memory, "poison", "2")
    async with stack.db.begin() as zombie:
        await claim(zombie, items[:1])
        await park(zombie, items[0], "failed", ValueError("bad"))
        other = asyncio.create_task(owner.apply(items))
        await eventually(lambda: _one_waits(stack.db))
        await zombie.commit()
    assert (await other, await stack.states()) == (set(), [("a", "failed"), ("a", "blocked")])


async def test_an_old_leaders_batch_that_lands_after_its_successors_is_taken_for_repeats(
    stack: Stack, memory: MemoryBus
) -> None:
    await emit(stack.db, [status_event(f"k{number % 3}", f"{number}") for number in range(30)])
    memory.late = True
    async with running(stack.relay().run):
        await eventually(lambda: _true(len(memory.under_way) >= 30))
        memory.late = False
        await eventually(stack.outbox_empty)
    await stack.publish([status_event(f"k{number % 3}", f"{number}") for number in range(30, 60)])
    memory.land()
    async with running(stack.consumer().run):
        await eventually(lambda: _repeats(stack, 30))
    notes = await journal(stack.db)
    assert [[note for key, note in notes if key == f"k{own}"] for own in range(3)] == [
        [f"{number}" for number in range(own, 60, 3)] for own in range(3)
    ]


async def _one_waits(db: Database) -> bool:
    return bool(await db.pool.fetchval(BLOCKED))


async def _repeats(stack: Stack, number: int) -> bool:
    return stack.counted("consumer_events_total", topic=stack.topic, result="repeated") >= number


async def _true(value: bool) -> bool:
    return value
