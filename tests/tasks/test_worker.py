"""The service's worker on a bus: a lead delivered twice has one task and one set of timers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from libs.common.contracts import Cause, EventData, Outgoing, tasks
from libs.common.messaging import outbox
from libs.common.messaging.bus.codec import Encoder
from libs.common.platform.telemetry.metrics import new_registry
from libs.common.platform.worker.runtime import Worker
from libs.common.testkit.memory_bus import MemoryBus
from services.tasks.playbooks.worker import adopting_loop, waiting_loop
from services.tasks.subscriptions import TOPICS, subscriptions
from services.tasks.timers.worker import timer_loop
from tests.tasks.desk import Desk, lead
from tests.tasks.support import TINY

SECONDS = 20.0
WAITING = "SELECT count(*) FROM parked WHERE waits_for IS NOT NULL"
AS_THE_PREVIOUS_RELEASE_LEFT_IT = "UPDATE parked SET state = 'failed', waits_for = NULL"


async def publish(desk: Desk, bus: MemoryBus, data: EventData, key: str, *, times: int) -> None:
    """Put an event of intake on its topic `times` times."""
    event = Outgoing(key, "demo", desk.clock.now(), data, Cause.fresh())
    async with desk.ctx.db.begin() as tx:  # rolled back: the row is only made to be encoded
        await tx.conn.execute("DELETE FROM outbox")
        await outbox.add(tx, [event])
        (row,) = await tx.conn.fetch("SELECT * FROM outbox")
    for _ in range(times):
        bus.append("dozvon.intake", Encoder("intake").message(row))


def published(bus: MemoryBus, kind: type[EventData]) -> int:
    """Count the events of a type on tasks' topic."""
    header = ("ce_type", kind.event_type.encode())
    return sum(header in record.headers for record in bus.records("dozvon.tasks"))


async def seen(bus: MemoryBus, kind: type[EventData]) -> None:
    while not published(bus, kind):
        await asyncio.sleep(0.02)


async def opened(desk: Desk, count: int) -> None:
    while len(await desk.tasks()) < count:
        await asyncio.sleep(0.02)


@asynccontextmanager
async def shipped_worker(desk: Desk, bus: MemoryBus) -> AsyncIterator[None]:
    """Run the worker with the loops it is shipped with."""
    stop, loops = asyncio.Event(), [timer_loop(desk.ctx), waiting_loop(desk.ctx), adopting_loop(desk.ctx)]
    core = replace(desk.ctx.core, metrics=new_registry())
    worker = Worker(core, topics=TOPICS, subscriptions=subscriptions(desk.ctx), loops=loops, bus=bus)
    running = asyncio.create_task(worker.run(stop))
    try:
        async with asyncio.timeout(SECONDS):
            yield
    finally:
        stop.set()
        await running


async def test_a_desk_without_its_playbook_does_not_stop_the_consumer_of_all(desk: Desk) -> None:
    bus, stop = MemoryBus(), asyncio.Event()
    for received in (*(lead("nowhere") for _ in range(25)), lead("callback")):
        await publish(desk, bus, received, f"lead:{received.lead_id}", times=1)
    worker = Worker(desk.ctx.core, topics=TOPICS, subscriptions=subscriptions(desk.ctx), bus=bus)
    running = asyncio.create_task(worker.run(stop))
    async with asyncio.timeout(SECONDS):
        await opened(desk, 1)
        while await desk.ctx.db.pool.fetchval(WAITING) < 25:  # of partitions that may be behind the task's
            await asyncio.sleep(0.02)
    stop.set()
    await running
    assert await desk.ctx.db.pool.fetchval("SELECT count(*) FROM parked") == 25


@pytest.mark.req("P.1")
async def test_leads_that_wait_go_on_after_a_restart_whoever_activated_their_playbook(desk: Desk) -> None:
    bus, leads = MemoryBus(), [lead("tiny") for _ in range(3)]
    for received in leads:
        await publish(desk, bus, received, f"lead:{received.lead_id}", times=1)
    async with shipped_worker(desk, bus):
        while await desk.ctx.db.pool.fetchval("SELECT count(*) FROM parked") < 3:
            await asyncio.sleep(0.02)
    await desk.activate_playbook(TINY)
    await desk.ctx.db.pool.execute(AS_THE_PREVIOUS_RELEASE_LEFT_IT)
    async with shipped_worker(desk, bus):
        await opened(desk, 3)
    assert len(await desk.tasks()) == 3


@pytest.mark.req("P.2", "S4.4")
async def test_a_lead_delivered_twice_is_worked_once_and_offered_when_its_corridor_opens(desk: Desk) -> None:
    bus, stop, received = MemoryBus(), asyncio.Event(), lead("school")
    await publish(desk, bus, received, f"lead:{received.lead_id}", times=2)
    loops = [timer_loop(desk.ctx)]
    worker = Worker(desk.ctx.core, topics=TOPICS, subscriptions=subscriptions(desk.ctx), loops=loops, bus=bus)
    running = asyncio.create_task(worker.run(stop))
    async with asyncio.timeout(SECONDS):
        await opened(desk, 1)
        early = published(bus, tasks.WorkRequested)
        desk.clock.advance(timedelta(minutes=20))
        await seen(bus, tasks.WorkRequested)
    stop.set()
    await running
    assert (early, len(await desk.tasks()), published(bus, tasks.WorkRequested)) == (0, 1, 1)
