"""Metrics of an outbox: depth, age, rate."""

import asyncio
import time
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from libs.common.platform.db import Database
from libs.common.platform.db.errors import is_transient
from libs.common.platform.waiting import wait_for_stop

LOOK_SECONDS = 2.0
COUNTED = 100_000  # counting more than that would itself be load

_LOOK = """
SELECT (SELECT count(*) FROM (SELECT 1 FROM outbox LIMIT $1) AS counted) AS depth,
       coalesce((SELECT extract(epoch FROM clock_timestamp() - stored_at)::float8
                 FROM outbox ORDER BY id LIMIT 1), 0) AS oldest
"""

_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 3600)


@dataclass
class RelayMetrics:
    """Figures of one service's outbox; `oldest_seconds` and `looked_at` are also the worker's readiness."""

    registry: CollectorRegistry
    oldest_seconds: float = field(default=0.0, init=False)
    looked_at: float = field(default_factory=time.monotonic, init=False)
    sent_total: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        registry = self.registry
        self.depth = Gauge("outbox_depth", f"events not yet acknowledged (counted to {COUNTED})", registry=registry)
        self.oldest = Gauge("outbox_oldest_seconds", "age of the oldest of them", registry=registry)
        self.leader = Gauge("relay_leader", "1 while this worker's relay leads", registry=registry)
        self.sent = Counter("relay_events", "events acknowledged by the broker", registry=registry)
        self.errors = Counter("relay_errors", "interrupted batches and sessions", ["part"], registry=registry)
        self.batch = Histogram("relay_batch_events", "events per batch", buckets=_SIZES, registry=registry)
        self.lag = Histogram("relay_lag_seconds", "wait of a batch's oldest", buckets=_SECONDS, registry=registry)

    def published(self, count: int, age: float) -> None:
        """Note a batch; `age` is how long its oldest event had waited, in seconds."""
        self.sent_total += count
        self.sent.inc(count)
        self.batch.observe(count)
        self.lag.observe(age)

    async def look(self, db: Database) -> None:
        """Measure depth and age once."""
        row = await db.pool.fetchrow(_LOOK, COUNTED)
        assert row is not None  # noqa: S101 - a SELECT without FROM has a row
        self.looked_at, self.oldest_seconds = time.monotonic(), row["oldest"]
        self.depth.set(row["depth"])
        self.oldest.set(row["oldest"])

    async def watch(self, db: Database, stop: asyncio.Event) -> None:
        """Measure every two seconds until `stop`."""
        while not stop.is_set():
            try:
                await self.look(db)
            except Exception as error:
                if not is_transient(error):
                    raise
            await wait_for_stop(stop, LOOK_SECONDS)
