"""The service's worker on a bus: what tasks publishes goes in, proposals come out, repeats change nothing."""

import asyncio
from collections import Counter
from collections.abc import Sequence

import pytest

from libs.common.contracts import EventData, Outgoing
from libs.common.contracts.assignment import WorkAssigned
from libs.common.messaging import outbox
from libs.common.messaging.bus.codec import Encoder
from libs.common.platform.worker import Worker
from libs.common.testkit.memory_bus import MemoryBus
from services.assignment.subscriptions import TOPICS, subscriptions
from tests.assignment.desk import Desk, completed, requested

SECONDS = 20.0


async def publish(desk: Desk, bus: MemoryBus, payloads: Sequence[EventData], *, times: int = 1) -> None:
    """Put events of tasks on its topic, each as often as `times` says."""
    events = [
        Outgoing(f"lead:{getattr(each, 'lead_id', '')}", "demo", desk.ctx.now(), each, desk.received(each).cause)
        for each in payloads
    ]
    async with desk.ctx.db.begin() as tx:  # rolled back: the rows are only made to be encoded
        await tx.conn.execute("DELETE FROM outbox")
        await tx.conn.execute("DELETE FROM stream")
        await outbox.add(tx, events)
        rows = await tx.conn.fetch("SELECT * FROM outbox ORDER BY id")
    for row in rows:
        for _ in range(times):
            bus.append("dozvon.tasks", Encoder("tasks").message(row))


async def work_through(desk: Desk, bus: MemoryBus, proposals: int) -> Counter[str]:
    """Run the worker until that many proposals are out; return whom they name, by name."""
    ctx, stop = desk.ctx, asyncio.Event()
    worker = Worker(ctx.core, topics=TOPICS, subscriptions=subscriptions(ctx), bus=bus)
    running = asyncio.create_task(worker.run(stop))
    try:
        async with asyncio.timeout(SECONDS):
            while len(proposed(bus)) < proposals and not running.done():
                await asyncio.sleep(0.02)
    finally:
        stop.set()
        await running
    return Counter(each.operator_name for each in proposed(bus))


def proposed(bus: MemoryBus) -> list[WorkAssigned]:
    kind = ("ce_type", WorkAssigned.event_type.encode())
    records = [record for record in bus.records("dozvon.assignment") if kind in record.headers]
    return [WorkAssigned.model_validate_json(record.value or b"") for record in records]


@pytest.mark.req("S2.1", "P.2")
async def test_repeated_requests_are_given_once_in_fair_turn(desk: Desk) -> None:
    bus = MemoryBus()
    for name in ("ann", "bob", "cid"):
        await desk.hire(name)
    await publish(desk, bus, [requested(n) for n in range(1, 21)], times=2)
    counts = await work_through(desk, bus, 20)
    assert sorted(counts.values()) == [6, 7, 7]
    assert await desk.unbalanced() == []


async def test_work_that_ended_on_the_bus_makes_room_for_what_waited(desk: Desk) -> None:
    bus = MemoryBus()
    ann = await desk.hire("ann", capacity=1)
    await desk.receive(requested(1), requested(2))
    await publish(desk, bus, [completed(1, ann)])
    assert await work_through(desk, bus, 2) == {"Ann": 2}
