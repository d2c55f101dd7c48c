"""The relay: committed events to Kafka, in order per key, none lost (docs/adr/0002).

It reads visible rows by id and deletes them once acknowledged: no cursor, which would lose rows that commit
late. A crash between acknowledgement and delete sends a row twice; the inbox of each reader drops the second.
"""

import asyncio
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import asyncpg

from libs.common.messaging.bus.codec import Encoder
from libs.common.messaging.bus.ports import Bus, BusError, Producer, Routed
from libs.common.messaging.outbox.pace import MEASURED, Pace, RelayIntervals
from libs.common.messaging.outbox.relay_metrics import RelayMetrics
from libs.common.messaging.outbox.relay_store import RelayStore
from libs.common.platform import faultpoints
from libs.common.platform.db import DatabaseConfig
from libs.common.platform.db.errors import is_transient
from libs.common.platform.telemetry.logs import get_logger
from libs.common.platform.waiting import growing, quietly, wait_for_stop

BATCH = 1000

log = get_logger(__name__)


class Relay:
    """Publishes one service's outbox while it is the leader.

    `routes` says which topic a type goes to; a type that it lacks, of a release after this one, goes to `topic`.
    """

    def __init__(
        self,
        config: DatabaseConfig,
        bus: Bus,
        topic: str,
        metrics: RelayMetrics,
        *,
        routes: Mapping[str, str] = MappingProxyType({}),
        batch: int = BATCH,
        intervals: RelayIntervals = MEASURED,
    ) -> None:
        self._config, self._bus, self._topic, self._metrics = config, bus, topic, metrics
        self._routes, self._batch, self._intervals = routes, batch, intervals
        self._wake = asyncio.Event()
        self._encoder = Encoder(config.schema)
        self._producer: Producer | None = None
        self._acked: list[int] = []  # rows that the broker has and the outbox still holds
        self._failures = 0
        self.leads = False

    def wake(self) -> None:
        """Poll now. The call may get lost: regular polling does not depend on it (docs/adr/0002)."""
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Follow or lead until `stop`; retry after errors of the database."""
        waking = asyncio.create_task(self._wake_at(stop))
        try:
            await self._sessions(stop)
        finally:
            waking.cancel()

    async def _wake_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self.wake()

    async def _sessions(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await self._session(stop)
            except Exception as error:
                if not is_transient(error):
                    raise
                self._metrics.errors.labels("database").inc()
                log.warning("relay lost its database session", error_type=type(error).__name__)
                await wait_for_stop(stop, self._pause())
                self._failures += 1

    def _pause(self) -> float:
        return growing(self._failures, self._intervals.after_error, self._intervals.longest)

    async def _session(self, stop: asyncio.Event) -> None:
        store = await RelayStore.connect(self._config)
        try:
            while not stop.is_set() and not await store.lead():
                await wait_for_stop(stop, self._intervals.follow)
            if not stop.is_set():
                self.leads = True
                self._metrics.leader.set(1)
                await store.listen(self.wake)
                log.info("relay became leader", topic=self._topic)
                await self._lead(store, stop)
        finally:
            self.leads = False
            self._metrics.leader.set(0)
            await self._drop_producer()
            await quietly(store.close(), 3)

    async def _lead(self, store: RelayStore, stop: asyncio.Event) -> None:
        """Publish until `stop`, then drain the outbox for a short time, without pauses."""
        await self._forget_acked(store)  # else a delete that fails sends its batch again and again
        pace = Pace(self._wake, self._intervals)
        flush_until = float("inf")
        while asyncio.get_running_loop().time() < flush_until:
            rows = await store.read(self._batch, self._acked)
            self._acked = []
            error = await self._publish(rows) if rows else None
            self._failures = 0
            if stop.is_set() and (error or not rows):
                break
            if stop.is_set():
                flush_until = min(flush_until, asyncio.get_running_loop().time() + self._intervals.flush)
            if error is not None:
                await self._recover(error)
            elif not stop.is_set():
                await pace.rest(len(rows), full=len(rows) == self._batch)
        await self._forget_acked(store)

    async def _recover(self, error: BusError) -> None:
        self._metrics.errors.labels("bus").inc()
        log.warning("relay send failed", reason=str(error), topic=self._topic)
        await self._drop_producer()
        await asyncio.sleep(self._intervals.after_error)

    async def _publish(self, rows: Sequence[asyncpg.Record]) -> BusError | None:
        """Send, await every acknowledgement; return the error if some rows were not acknowledged.

        Those that were go with the next read.
        """
        clock = asyncio.get_running_loop().time
        read_at = clock()
        try:
            if self._producer is None:
                await self._bus.ensure_topics(sorted({self._topic, *self._routes.values()}))
                self._producer = await self._bus.producer()
        except BusError as error:
            return error
        sent = await self._producer.send([self._routed(row) for row in rows])
        if sent.acked:
            faultpoints.reach("relay.acked")
            age = rows[min(sent.acked)]["age"] + clock() - read_at
            self._acked = [rows[index]["id"] for index in sent.acked]
            self._metrics.published(len(sent.acked), age)
        return sent.error

    def _routed(self, row: asyncpg.Record) -> Routed:
        """Return a row's message and topic; a key's rows all go to one topic."""
        return self._routes.get(row["type"], self._topic), self._encoder.message(row)

    async def _forget_acked(self, store: RelayStore) -> None:
        if self._acked:
            await store.delete(self._acked)
            self._acked = []

    async def _drop_producer(self) -> None:
        # Never used again: its pending messages would be sent after those of the next producer.
        producer, self._producer = self._producer, None
        if producer is not None:
            await quietly(producer.close(), 10)
