"""The rates of the shipped relay and consumer alone, with events of 600 bytes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from uuid import UUID

from aiokafka import AIOKafkaConsumer, TopicPartition

from libs.common.contracts import Cause, EventData, Outgoing, Received
from libs.common.contracts.intake import LeadReceived
from libs.common.contracts.shared import Customer, Language, OrderStatus
from libs.common.messaging import outbox
from libs.common.messaging.bus.kafka import KafkaBus
from libs.common.messaging.bus.topics import PARTITIONS
from libs.common.messaging.inbox.apply import Applier
from libs.common.messaging.inbox.consumer import ConsumerLoop
from libs.common.messaging.inbox.consumer_metrics import ConsumerMetrics
from libs.common.messaging.inbox.incoming import Reader
from libs.common.messaging.inbox.partitions import maintain_inbox
from libs.common.messaging.outbox.add import encoded
from libs.common.messaging.outbox.relay import Relay
from libs.common.messaging.outbox.relay_metrics import RelayMetrics
from libs.common.platform.db import Database, Transaction
from libs.common.platform.db.migrations import migrate
from libs.common.platform.ids import uuid7
from libs.common.platform.telemetry.metrics import new_registry
from libs.common.platform.telemetry.tracing import Tracing
from libs.common.testkit.database import StackDatabase, empty_database
from tests.bench.cpu import CpuMeter
from tests.bench.figures import Count, Part, Table, median, spread
from tests.bench.servers import Servers

MESSAGING = Path(__file__).parents[1] / "messaging" / "migrations"
EFFECT = "INSERT INTO effect (event_id, key) SELECT * FROM unnest($1::uuid[], $2::text[])"
TAKE_EFFECTS = "WITH gone AS (DELETE FROM effect RETURNING 1) SELECT count(*) FROM gone"
FILL = 500  # events per transaction
PATIENCE = 120.0
HOW = (
    "The shipped relay drains an outbox, then the shipped consumer (decode, inbox, one effect statement, a"
    " transaction per batch) reads what it sent; both in the benchmark's own process, events of {size} bytes."
)


@dataclass
class Runs:
    """Rates in events a second and CPU milliseconds per 1,000 events, by round."""

    rates: list[float] = field(default_factory=list)
    cpu: list[dict[str, float]] = field(default_factory=list)

    def row(self, name: str) -> Sequence[str]:
        """Return the row of the report."""
        costs = [median([lap.get(who, 0.0) for lap in self.cpu]) for who in ("self", "postgres", "kafka")]
        return (name, spread(self.rates), *(f"{cost:.1f}" for cost in costs))


async def measure(servers: Servers, *, events: int, rounds: int) -> Part:
    """Drain and consume `events` in each round, relay and consumer in turn."""
    relay, consumer, counts = Runs(), Runs(), []
    async with _database(servers) as db:
        for number in range(rounds):
            topic = f"{servers.unused('bench')}.intake"
            await KafkaBus(servers.kafka.url).ensure_topics([topic])
            await _fill(db, events)
            await _timed(servers, relay, _relay(db, servers.kafka.url, topic, events))
            counts.append(
                Count(f"records on the topic, round {number + 1}", events, await _records(servers, topic))
            )
            await _timed(servers, consumer, _consume(db, servers.kafka.url, topic, events))
            effects = await db.pool.fetchval(
                "WITH gone AS (DELETE FROM effect RETURNING 1) SELECT count(*) FROM gone"
            )
            counts.append(Count(f"effects, round {number + 1}", events, effects))
    head = ("", "events/s min / median / max", "CPU ms per 1,000: process", "PostgreSQL", "Kafka")
    table = Table(head, [relay.row("relay"), consumer.row("consumer")])
    return Part("Relay and consumer", HOW.format(size=len(encoded(_event()))), [table], counts=counts)


@asynccontextmanager
async def _database(servers: Servers) -> AsyncIterator[Database]:
    async with empty_database(servers.postgres.url) as url:
        stack = StackDatabase(url, {})
        await migrate("intake", stack.url("intake"), MESSAGING)
        async with stack.open("intake") as db:
            await maintain_inbox(db)
            await db.pool.execute("CREATE TABLE effect (event_id uuid PRIMARY KEY, key text NOT NULL)")
            yield db


async def _fill(db: Database, events: int) -> None:
    for _ in range(0, events, FILL):
        async with db.begin() as tx:
            await outbox.add(tx, [_event() for _ in range(FILL)])
            await tx.commit()


async def _timed(servers: Servers, runs: Runs, work: Awaitable[tuple[int, float]]) -> None:
    postgres, kafka = servers.pids()
    meter = CpuMeter({"self": os.getpid(), "kafka": kafka}, postgres)
    events, seconds = await work
    spent = meter.lap()
    database = sum(value for name, value in spent.items() if name.startswith("postgres"))
    per_event = {"self": spent.get("self", 0.0), "kafka": spent.get("kafka", 0.0), "postgres": database}
    runs.rates.append(events / seconds)
    runs.cpu.append({name: 1_000_000 * value / events for name, value in per_event.items()})


async def _relay(db: Database, bootstrap: str, topic: str, events: int) -> tuple[int, float]:
    """Drain the outbox; the clock starts at the first batch's end, when the producer is connected."""
    metrics, stop = RelayMetrics(new_registry()), asyncio.Event()
    running = asyncio.create_task(Relay(db.config, KafkaBus(bootstrap), topic, metrics).run(stop))
    try:
        return await _clocked(lambda: metrics.sent_total, events)
    finally:
        stop.set()
        await running


async def _consume(db: Database, bootstrap: str, topic: str, events: int) -> tuple[int, float]:
    """Apply the topic from its beginning; the clock starts at the first batch's end."""
    applied = 0

    async def effect(tx: Transaction, received: Sequence[Received[EventData]]) -> None:
        nonlocal applied
        await tx.conn.execute(EFFECT, [event.event_id for event in received], [event.key for event in received])
        applied += len(received)

    subscriptions, metrics = {LeadReceived.event_type: effect}, ConsumerMetrics(new_registry())
    applier = Applier(db, Tracing("intake"), subscriptions, metrics)
    loop = ConsumerLoop(
        KafkaBus(bootstrap),
        group=f"{topic}.bench",
        topics=[topic],
        instance=None,
        reader=Reader(subscriptions),
        applier=applier,
        metrics=metrics,
    )
    stop = asyncio.Event()
    running = asyncio.create_task(loop.run(stop))
    try:
        return await _clocked(lambda: applied, events)
    finally:
        stop.set()
        await running


async def _clocked(done: Callable[[], int], events: int) -> tuple[int, float]:
    """Return how many events were done after the first look that saw any, and in how many seconds."""
    async with asyncio.timeout(PATIENCE):
        while not (first := done()):
            await asyncio.sleep(0.001)
        started = perf_counter()
        while done() < events:
            await asyncio.sleep(0.002)
    return events - first, perf_counter() - started


async def _records(servers: Servers, topic: str) -> int:
    consumer = AIOKafkaConsumer(bootstrap_servers=servers.kafka.url)
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        return sum((await consumer.end_offsets(partitions)).values())
    finally:
        await consumer.stop()


def _event() -> Outgoing:
    lead_id = uuid7()
    data = LeadReceived(
        lead_id=lead_id,
        customer_id=UUID(int=1),
        source_id=UUID(int=2),
        source="landing",
        playbook="callback",
        external_id=str(lead_id),
        order_id=UUID(int=3),
        order_number="1001",
        order_status=OrderStatus.NEW,
        language=Language.RU,
        zone="Europe/Moscow",
        received_at=datetime.now(UTC),
        person=Customer(name="Anna Ivanova", phone="+79001234567", email="anna@example.com"),
    )
    return Outgoing(f"lead:{lead_id}", "bench", datetime.now(UTC), data, Cause.fresh())
