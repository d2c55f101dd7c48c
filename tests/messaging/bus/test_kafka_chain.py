"""Outbox → relay → real Kafka → consumer, and what a broker's death does to it."""

import asyncio
import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from deploy.local.kafka import EmbeddedKafka
from libs.common.messaging.bus.kafka import KafkaBus
from libs.common.platform import faultpoints
from libs.common.platform.db import Database
from libs.common.testkit.messaging import Stack, emit, eventually, running, status_event
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.timeout(90)


@pytest.fixture
async def chain(messaging_db: Database, kafka_bootstrap: str) -> Stack:
    return Stack(messaging_db, KafkaBus(kafka_bootstrap, partitions=3), prefix=f"chain-{secrets.token_hex(4)}")


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[EmbeddedKafka]:
    """A broker that a test may kill."""
    broker = EmbeddedKafka(tmp_path / "kafka", heap="256m")
    broker.start()
    yield broker
    broker.destroy()


async def test_a_thousand_events_arrive_once_each_in_order(chain: Stack) -> None:
    async with running(chain.relay().run), running(chain.consumer().run):
        for start in range(0, 1000, 100):
            await emit(chain.db, [status_event(f"k{n % 10}", f"{n}") for n in range(start, start + 100)])
        notes = await chain.noted(1000)
    found = {own: [int(note) for key, note in notes if key == f"k{own}"] for own in range(10)}
    assert found == {own: list(range(own, 1000, 10)) for own in range(10)}


async def test_a_relay_killed_between_acknowledgement_and_delete_repeats_and_the_inbox_absorbs_it(
    chain: Stack, kafka_bootstrap: str
) -> None:
    await emit(chain.db, [status_event(f"k{n % 10}", f"{n}") for n in range(100)])
    assert await _crash("relay.acked:2", chain.db.config.url, kafka_bootstrap, chain.topic) == -signal.SIGKILL
    async with running(chain.relay().run), running(chain.consumer().run):
        await eventually(lambda: _repeated(chain, 50))
    notes = await chain.noted(100)
    found = {own: [int(note) for key, note in notes if key == f"k{own}"] for own in range(10)}
    assert found == {own: list(range(own, 100, 10)) for own in range(10)}


async def test_a_restarted_named_member_goes_on_where_it_was(chain: Stack) -> None:
    chain.instance = "worker-1"
    await chain.publish([status_event("a", "1")])
    async with running(chain.consumer().run):
        await chain.noted(1)
    await chain.publish([status_event("a", "2")])
    async with running(chain.consumer().run):
        assert await chain.noted(2) == [("a", "1"), ("a", "2")]
    assert chain.counted("consumer_events_total", topic=chain.topic, result="repeated") == 0


async def test_two_members_share_the_work_and_one_may_leave(chain: Stack) -> None:
    async with running(chain.relay().run), running(chain.consumer().run):
        async with running(chain.consumer().run):
            await emit(chain.db, [status_event(f"k{n % 10}", f"{n}") for n in range(200)])
            await chain.noted(100)
        await emit(chain.db, [status_event(f"k{n % 10}", f"{n}") for n in range(200, 300)])
        notes = await chain.noted(300)
    found = {own: [int(note) for key, note in notes if key == f"k{own}"] for own in range(10)}
    assert found == {own: list(range(own, 300, 10)) for own in range(10)}
    assert chain.counted("consumer_order_faults_total", kind="inversion") == 0


async def test_a_killed_broker_loses_nothing_and_everything_flows_again(
    messaging_db: Database, own_broker: EmbeddedKafka
) -> None:
    stack = Stack(messaging_db, KafkaBus(own_broker.url, partitions=3))
    async with running(stack.relay().run), running(stack.consumer().run), _steady(stack, 400):
        await eventually(lambda: _all_noted(stack, 20), 40)  # a cold broker may take a while to know its groups
        await asyncio.to_thread(own_broker.kill)
        await asyncio.sleep(1)
        await asyncio.to_thread(own_broker.start)
        await eventually(lambda: _all_noted(stack, 400), 60)
    notes = await stack.noted(400)
    found = {own: [int(note) for key, note in notes if key == f"k{own}"] for own in range(10)}
    assert found == {own: list(range(own, 400, 10)) for own in range(10)}


@asynccontextmanager
async def _steady(stack: Stack, count: int) -> AsyncIterator[None]:
    """Emit numbered events one by one beside the block, 10 ms apart."""

    async def write() -> None:
        for number in range(count):
            await emit(stack.db, [status_event(f"k{number % 10}", f"{number}")])
            await asyncio.sleep(0.01)

    writing = asyncio.create_task(write())
    yield
    await writing


async def _all_noted(stack: Stack, count: int) -> bool:
    return bool(await stack.db.pool.fetchval("SELECT count(*) >= $1 FROM journal", count))


async def _crash(point: str, *argv: str) -> int:
    environ = {**os.environ, faultpoints.VARIABLE: point}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.messaging.bus.crashing_relay",
        *argv,
        cwd=Path(__file__).parents[3],
        env=environ,
    )
    return await asyncio.wait_for(process.wait(), PATIENCE)


async def _repeated(stack: Stack, count: int) -> bool:
    return stack.counted("consumer_events_total", topic=stack.topic, result="repeated") == count
