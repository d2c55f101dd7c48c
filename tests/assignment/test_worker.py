"""The service's worker on a bus: what tasks publishes goes in, proposals come out, repeats change nothing."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from libs.common.contracts import EventData, Outgoing
from libs.common.contracts.assignment import WorkAssigned
from libs.common.messaging import outbox
from libs.common.messaging.bus.codec import Encoder
from libs.common.platform.telemetry.metrics import new_registry
from libs.common.platform.worker.runtime import Worker
from libs.common.testkit.memory_bus import MemoryBus
from services.assignment.subscriptions import TOPICS, heeds, subscriptions
from tests.assignment.desk import Desk, assigned, completed, declined, handed, requested

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


async def work_through(
    desk: Desk, bus: MemoryBus, proposals: int, *, until: str = "true", kill: bool = False
) -> Counter[str]:
    """Run the worker until that many proposals are out and a condition holds; return whom they name, by name."""
    ctx, stop = desk.ctx, asyncio.Event()
    core = replace(ctx.core, metrics=new_registry())
    worker = Worker(core, topics=TOPICS, subscriptions=subscriptions(ctx), heeds=heeds, bus=bus)
    running = asyncio.create_task(worker.run(stop))
    try:
        async with asyncio.timeout(SECONDS):
            while not running.done() and (
                len(proposed(bus)) < proposals or not await ctx.db.pool.fetchval(f"SELECT {until}")
            ):
                await asyncio.sleep(0.02)
    finally:
        stop.set()
        if kill:
            running.cancel()
        await asyncio.gather(running, return_exceptions=kill)
    return Counter(each.operator_name for each in proposed(bus))


def proposed(bus: MemoryBus) -> list[WorkAssigned]:
    """Return the proposals that are out, each once: who dies before it knows that one has left sends it again."""
    kind = ("ce_type", WorkAssigned.event_type.encode())
    records = [record for record in bus.records("dozvon.assignment") if kind in record.headers]
    found = (WorkAssigned.model_validate_json(record.value or b"") for record in records)
    return list({proposal.decision_id: proposal for proposal in found}.values())


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


async def test_what_tasks_accepts_is_read_without_a_transaction(desk: Desk) -> None:
    bus = MemoryBus()
    ann = await desk.hire("ann")
    await desk.receive(requested(1))
    [proposal] = await desk.sent(WorkAssigned)
    await publish(desk, bus, [assigned(1, proposal), handed(2, ann), assigned(1, proposal), requested(3)])
    await work_through(desk, bus, 1, until="count(*) >= 2 FROM inbox")
    assert await desk.ctx.db.pool.fetchval("SELECT count(*) FROM inbox") == 2


SETTLED = "NOT EXISTS (SELECT FROM decision WHERE outcome IS NULL) AND (SELECT count(*) FROM decision) = 20"


def answers(bus: MemoryBus) -> list[EventData]:
    """Return what tasks publishes: it declines every fifth proposal, and accepts the rest, which end."""
    found: list[EventData] = []
    for number, proposal in enumerate(sorted(proposed(bus), key=lambda each: each.task_id), 1):
        accepted = [assigned(number, proposal), completed(number, proposal.operator_id)]
        found += accepted if number % 5 else [declined(proposal)]
    return found


@pytest.mark.req("S2.1", "P.2")
async def test_every_proposal_is_settled_though_workers_die_and_acceptances_are_not_read(desk: Desk) -> None:
    bus = MemoryBus()
    for name in ("ann", "bob", "cid"):
        await desk.hire(name)
    await publish(desk, bus, [requested(n) for n in range(1, 21)], times=2)
    await work_through(desk, bus, 1, kill=True)
    await work_through(desk, bus, 20)
    await publish(desk, bus, answers(bus), times=2)
    await work_through(desk, bus, 20, until="EXISTS (SELECT FROM decision WHERE outcome IS NOT NULL)", kill=True)
    await work_through(desk, bus, 20, until=SETTLED)
    outcomes = Counter(each["outcome"] for each in await desk.items("/decisions"))
    assert (outcomes, await desk.unbalanced()) == ({"confirmed": 16, "returned": 4}, [])
    assert [row["turns"] for row in await desk.ctx.db.pool.fetch("SELECT sum(turns) AS turns FROM seat")] == [16]
