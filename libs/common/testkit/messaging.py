"""A relay and a consumer for tests of outbox, inbox and bus, and a use case that writes into a journal."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
from prometheus_client import CollectorRegistry

from libs.common.contracts import REGISTRY, Cause, EventData, Outgoing, Received
from libs.common.contracts.intake import LeadStatusChanged
from libs.common.contracts.shared import Stage
from libs.common.messaging import outbox
from libs.common.messaging.bus import Bus
from libs.common.messaging.deadletters.replay import Replayer
from libs.common.messaging.inbox import UseCase
from libs.common.messaging.inbox.apply import Applier
from libs.common.messaging.inbox.consumer import ConsumerLoop
from libs.common.messaging.inbox.consumer_metrics import ConsumerMetrics
from libs.common.messaging.inbox.incoming import Reader, Registry, heeds_all
from libs.common.messaging.inbox.intervals import ConsumerIntervals
from libs.common.messaging.outbox.pace import RelayIntervals
from libs.common.messaging.outbox.relay import Relay
from libs.common.messaging.outbox.relay_metrics import RelayMetrics
from libs.common.platform.db import Database, Transaction
from libs.common.platform.db.errors import is_transient
from libs.common.platform.telemetry.tracing import Tracing
from libs.common.platform.worker.supervise import Loop

SERVICE = "intake"
#: The table that a test's use case writes into (`note_down`).
JOURNAL = "CREATE TABLE journal (id bigint GENERATED ALWAYS AS IDENTITY, key text, note text)"
_NOTE = "INSERT INTO journal (key, note) SELECT * FROM unnest($1::text[], $2::text[])"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
#: What a test waits for comes at once: retries, new leaders and the ends of pauses.
QUICK_RELAY = RelayIntervals(idle=0.2, follow=0.02, after_error=0.02, longest=0.1)
QUICK_CONSUMER = ConsumerIntervals(
    poll=0.05, commit=0.05, rebuild=0.02, retry=0.02, first_pause=0.02, longest_pause=0.1
)


def status_event(key: str, note: str, *, event_id: UUID | None = None) -> Outgoing:
    """Return a small event, identified by its `reason`."""
    data = LeadStatusChanged(
        lead_id=UUID(int=1), from_status=None, to_status="new", stage=Stage.NEW, actor="test", reason=note
    )
    return Outgoing(key=key, desk="demo", time=NOON, data=data, cause=Cause.fresh(), event_id=event_id)


async def emit(db: Database, events: Sequence[Outgoing]) -> None:
    """Put events into the outbox in one transaction of their own."""
    async with db.begin() as tx:
        await outbox.add(tx, events)
        await tx.commit()


def reason(data: EventData) -> str:
    """Return the `reason` of a `status_event`."""
    assert isinstance(data, LeadStatusChanged)  # noqa: S101 - for tests alone
    return data.reason


async def journal(db: Database) -> list[tuple[str, str]]:
    """Return (key, note) in the order in which they were written."""
    rows: list[asyncpg.Record] = await db.pool.fetch("SELECT key, note FROM journal ORDER BY id")
    return [(row["key"], row["note"]) for row in rows]


async def note_down(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
    """Apply status events: write each one's key and reason into the journal."""
    await tx.conn.execute(_NOTE, [event.key for event in events], [reason(event.data) for event in events])


class Faulty:
    """A use case that fails for the reasons named."""

    def __init__(self, *bad: str, error: type[Exception] = ValueError) -> None:
        self.bad, self.error = set(bad), error
        self.batches: list[int] = []

    async def __call__(self, tx: Transaction, events: Sequence[Received[EventData]]) -> None:
        """Write the events into the journal, then fail if one is bad: the transaction must roll back."""
        self.batches.append(len(events))
        await note_down(tx, events)
        if any(reason(event.data) in self.bad for event in events):
            raise self.error("phone +79991234567 is bad")


@asynccontextmanager
async def running(loop: Loop) -> AsyncIterator[None]:
    """Run a worker's loop for the block, and stop it as a worker does."""
    stop = asyncio.Event()
    task = asyncio.create_task(run_loop(loop, stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 20)


async def run_loop(loop: Loop, stop: asyncio.Event) -> None:
    """Await the loop: it need not be a coroutine function."""
    await loop(stop)


async def eventually(look: Callable[[], Awaitable[bool]], seconds: float = 60.0) -> None:
    """Wait until `look` is true. Raises TimeoutError after `seconds`."""
    async with asyncio.timeout(seconds):
        while not await look():
            await asyncio.sleep(0.02)


@dataclass
class Stack:
    """A relay and a consumer of one service on one bus and one database; `use_case` may be replaced.

    `known` are the event types of its release, `heeds` says which payloads are of any concern.
    """

    db: Database
    bus: Bus
    prefix: str = "test"
    use_case: UseCase = note_down
    types: Sequence[str] = (LeadStatusChanged.event_type,)
    instance: str | None = None
    known: Registry = field(default_factory=lambda: REGISTRY)
    heeds: Callable[[EventData], bool] = heeds_all
    relaying: RelayIntervals = QUICK_RELAY
    consuming: ConsumerIntervals = QUICK_CONSUMER

    def __post_init__(self) -> None:
        self.registry = CollectorRegistry()
        self.topic = f"{self.prefix}.{SERVICE}"
        self.outbox = RelayMetrics(self.registry)
        self.metrics = ConsumerMetrics(self.registry)
        subscriptions = dict.fromkeys(self.types, self._apply)
        self.reader = Reader(subscriptions, self.known, self.heeds)
        self.applier = Applier(self.db, Tracing(SERVICE), subscriptions, self.metrics)
        self.replayer = Replayer(self.db, self.reader, self.applier, self.metrics)

    def relay(self, *, batch: int = 100, routes: Mapping[str, str] | None = None) -> Relay:
        return Relay(
            self.db.config,
            self.bus,
            self.topic,
            self.outbox,
            routes=routes or {},
            batch=batch,
            intervals=self.relaying,
        )

    def consumer(self) -> ConsumerLoop:
        """Return a consumer of the service's own topic."""
        return ConsumerLoop(
            self.bus,
            group=f"{self.prefix}.readers",
            topics=[self.topic],
            instance=self.instance,
            reader=self.reader,
            applier=self.applier,
            metrics=self.metrics,
            intervals=self.consuming,
        )

    async def publish(self, events: Sequence[Outgoing]) -> None:
        """Put events through outbox and relay onto the bus."""
        await emit(self.db, events)
        async with running(self.relay().run):
            await eventually(self.outbox_empty)

    async def outbox_empty(self) -> bool:
        """Return whether every event was acknowledged."""
        return not await self.db.pool.fetchval("SELECT EXISTS (SELECT 1 FROM outbox)")

    async def noted(self, count: int) -> list[tuple[str, str]]:
        """Wait for `count` journal lines and return all of them."""

        async def enough() -> bool:
            try:
                return len(await journal(self.db)) >= count
            except Exception as error:
                if not is_transient(error):  # as it is when a test ends the sessions
                    raise
                return False

        await eventually(enough)
        return await journal(self.db)

    async def states(self) -> list[tuple[str, str]]:
        """Return (key, state) of all parked events in the order of their offsets."""
        rows = await self.db.pool.fetch('SELECT key, state FROM parked ORDER BY partition, "offset"')
        return [(row["key"], row["state"]) for row in rows]

    def counted(self, metric: str, **labels: str) -> float:
        return self.registry.get_sample_value(metric, labels) or 0.0

    async def _apply(self, tx: Transaction, events: Sequence[Received[EventData]]) -> None:
        await self.use_case(tx, events)
