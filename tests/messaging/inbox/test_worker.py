"""The worker: one stop event for all its parts, readiness with reasons, loops that are restarted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from deploy.standins.client import http_client
from libs.common.contracts.intake import LeadStatusChanged
from libs.common.messaging.inbox.usecase import Subscriptions
from libs.common.platform.clock import ManualClock
from libs.common.platform.core import Core, open_core
from libs.common.platform.db import Database
from libs.common.platform.settings import ServiceSettings
from libs.common.platform.telemetry.tracing import Tracing
from libs.common.platform.worker import Loop
from libs.common.platform.worker.health import health_server
from libs.common.platform.worker.runtime import Worker
from libs.common.testkit.memory_bus import MemoryBus
from libs.common.testkit.messaging import NOON, SERVICE, emit, eventually, journal, note_down, status_event
from tests.support.patience import PATIENCE

SUBSCRIPTIONS: Subscriptions = {LeadStatusChanged.event_type: note_down}


@pytest.fixture
def core(messaging_db: Database) -> Core:
    settings = ServiceSettings(postgres_url=SecretStr(messaging_db.config.url), topic_prefix="test")
    return Core(SERVICE, settings, messaging_db, ManualClock(NOON), Tracing(SERVICE), CollectorRegistry())


@asynccontextmanager
async def worker(core: Core, bus: MemoryBus, *loops: Loop) -> AsyncIterator[Worker]:
    running = Worker(core, topics=[SERVICE], subscriptions=SUBSCRIPTIONS, loops=loops, bus=bus)
    stop = asyncio.Event()
    task = asyncio.create_task(running.run(stop))
    try:
        yield running
    finally:
        stop.set()
        await asyncio.wait_for(task, PATIENCE)


async def test_a_committed_event_goes_through_relay_and_consumer(core: Core, memory: MemoryBus) -> None:
    async with worker(core, memory):
        await emit(core.db, [status_event("a", "1")])
        await eventually(lambda: _noted(core, 1))


async def test_what_is_emitted_while_it_stops_still_leaves(core: Core, memory: MemoryBus) -> None:
    async def last_words(stop: asyncio.Event) -> None:
        await stop.wait()
        await emit(core.db, [status_event("a", "bye")])

    async with worker(core, memory, last_words) as running:
        await eventually(lambda: _ready(running))
    assert len(memory.records("test.intake")) == 1


async def test_a_worker_is_ready_once_it_has_partitions(core: Core, memory: MemoryBus) -> None:
    memory.down = True
    async with worker(core, memory) as running:
        assert running.faults() == {"consumer": "no partitions"}
        memory.down = False
        await eventually(lambda: _ready(running))


async def test_a_relay_that_lags_makes_it_unready(core: Core, memory: MemoryBus) -> None:
    await emit(core.db, [status_event("a", "1")])
    await core.db.pool.execute("UPDATE outbox SET stored_at = clock_timestamp() - interval '1 minute'")
    memory.refuse = lambda _: True
    async with worker(core, memory) as running:
        await eventually(lambda: _relay_is_late(running))


async def test_a_database_that_does_not_answer_makes_it_unready(
    core: Core, memory: MemoryBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("libs.common.platform.worker.runtime.DATABASE_LATE", 0.3)
    async with worker(core, memory) as running:
        core.db.pool.terminate()
        await eventually(lambda: _true("no answer" in running.faults().get("database", "")))


async def test_a_crashed_loop_is_started_again_and_counted(core: Core, memory: MemoryBus) -> None:
    runs: list[int] = []

    async def fragile(stop: asyncio.Event) -> None:
        runs.append(1)
        if len(runs) < 3:
            raise ValueError("boom")
        await stop.wait()

    async with worker(core, memory, fragile):
        await eventually(lambda: _true(len(runs) == 3))
    assert core.metrics.get_sample_value("worker_loop_crashes_total", {"loop": "fragile"}) == 2


async def test_a_loop_that_does_not_stop_is_cut_off(
    core: Core, memory: MemoryBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("libs.common.platform.worker.runtime.FINISH_SECONDS", 0.2)

    async def deaf(stop: asyncio.Event) -> None:
        await asyncio.sleep(3600)

    started = asyncio.get_running_loop().time()
    async with worker(core, memory, deaf):
        pass
    assert asyncio.get_running_loop().time() - started < 10


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/livez", 200, "alive"),
        ("/readyz", 503, "no partitions"),
        ("/metrics", 200, "outbox_depth"),
        ("/x", 404, ""),
    ],
)
async def test_health_is_served(core: Core, path: str, status: int, text: str) -> None:
    running = Worker(core, topics=[SERVICE], subscriptions=SUBSCRIPTIONS, bus=MemoryBus())
    async with health_server("127.0.0.1", 0, running.faults, core.metrics) as port, http_client() as client:
        answer = await client.get(f"http://127.0.0.1:{port}{path}")
    assert (answer.status_code, text in answer.text) == (status, True)


async def test_a_core_opens_its_schema_and_the_shared_clock(core: Core, tmp_path: Path) -> None:
    settings = core.settings.model_copy(update={"clock_file": tmp_path / "clock"})
    async with open_core(SERVICE, settings) as opened:
        assert await opened.db.pool.fetchval("SELECT current_schema()") == SERVICE
        assert type(opened.clock).__name__ == "SharedClock"


async def _noted(core: Core, count: int) -> bool:
    return len(await journal(core.db)) == count


async def _ready(worker: Worker) -> bool:
    return not worker.faults()


async def _relay_is_late(worker: Worker) -> bool:
    return "relay" in worker.faults()


async def _true(value: bool) -> bool:
    return value
