"""The consumer's loop: poll, apply, commit offsets, and retry after transient errors."""

import asyncio
import time
from collections import deque
from collections.abc import Collection, Sequence
from itertools import chain
from typing import assert_never

from libs.common.messaging.bus.ports import Bus, BusError, Consumer, Partition
from libs.common.messaging.inbox.apply import Applier
from libs.common.messaging.inbox.consumer_metrics import ConsumerMetrics
from libs.common.messaging.inbox.incoming import Broken, Incoming, Item, Reader, Skipped
from libs.common.messaging.inbox.intervals import USUAL, ConsumerIntervals
from libs.common.messaging.inbox.limit import TooManyFailuresError
from libs.common.messaging.inbox.progress import Progress, partition_of
from libs.common.messaging.inbox.watchdog import Watchdog
from libs.common.platform.db.errors import is_transient
from libs.common.platform.telemetry.logs import get_logger
from libs.common.platform.waiting import quietly, wait_for_stop

POLL_RECORDS = 200  # of more, a transaction costs no less for each, and a worker 10 MB
FEW = 50  # records of a poll after which it lingers
APART_AFTER = 3  # polls in a row put back as a whole, then each partition for itself

log = get_logger(__name__)


class ConsumerLoop:
    """One member of the service's group."""

    def __init__(
        self,
        bus: Bus,
        *,
        group: str,
        topics: Sequence[str],
        instance: str | None,
        reader: Reader,
        applier: Applier,
        metrics: ConsumerMetrics,
        intervals: ConsumerIntervals = USUAL,
    ) -> None:
        self._bus, self._group, self._topics, self._instance = bus, group, topics, instance
        self._reader, self._applier, self._metrics = reader, applier, metrics
        self._intervals = intervals
        self._consumer: Consumer | None = None
        self._progress = Progress(metrics, intervals)
        self._watchdog = Watchdog(metrics, intervals)
        self._streak = 0
        self._turned_at = time.monotonic()
        self.halted = False

    @property
    def fault(self) -> str | None:
        """Return why no events are consumed; None when it has joined, has partitions, and makes progress."""
        if self.halted:
            return "stopped by too many failures"
        if self._consumer is None or not self._consumer.assignment():
            return "no partitions"
        if (stands := time.monotonic() - self._turned_at) > self._intervals.late:
            return f"stands still for {stands:.0f} s"
        return None if self._watchdog.reachable else "the broker does not answer"

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until `stop`, with a new client after each fault of the bus."""
        while not stop.is_set():
            try:
                await self._member(stop)
            except BusError as error:
                self._metrics.rebuilds.labels(str(error)).inc()
                log.warning("consumer restarting with a new client", reason=str(error), group=self._group)
                await wait_for_stop(stop, self._intervals.rebuild)
            except TooManyFailuresError as error:
                await self._halt(stop, error)

    async def _member(self, stop: asyncio.Event) -> None:
        await self._bus.ensure_topics(self._topics)
        self._progress.forget_all()
        consumer = await self._bus.consumer(self._group, self._topics, self._instance, self._revoked)
        self._consumer = consumer
        try:
            await self._consume(consumer, stop)
        finally:
            await quietly(self._progress.commit(consumer), 5)
            self._consumer = None
            await quietly(consumer.close(), 10)

    async def _consume(self, consumer: Consumer, stop: asyncio.Event) -> None:
        clock = asyncio.get_running_loop().time
        watchdog, commit_due = self._watchdog, 0.0
        watchdog.start(clock())
        while not stop.is_set():
            records = await consumer.poll(self._intervals.poll, POLL_RECORDS)
            self._turned_at = time.monotonic()
            watchdog.polled(records, full=len(records) >= POLL_RECORDS)
            if records:
                await self._handle(consumer, self._reader.read(records))
            self._progress.resume_due(consumer, clock())
            if clock() >= commit_due:
                await self._progress.commit(consumer)
                commit_due = clock() + self._intervals.commit
            await watchdog.look(consumer, clock(), self._progress.paused)
            if 0 < len(records) < FEW and self._intervals.linger:
                await wait_for_stop(stop, self._intervals.linger)

    async def _handle(self, consumer: Consumer, items: Sequence[Item]) -> None:
        """Apply a poll's events in one transaction; when that fails, each partition by itself."""
        apart = self._streak >= APART_AFTER or self._progress.stalls(items)
        try:
            if apart or not await self._together(items):
                await self._apart(consumer, items)
            self._streak = 0
        except Exception as error:
            if not is_transient(error):
                raise
            self._streak += 1
            log.warning("batch rewound after transient error", error_type=type(error).__name__, events=len(items))
            self._progress.rewind(consumer, items)
            await asyncio.sleep(self._intervals.retry)

    async def _together(self, items: Collection[Item]) -> bool:
        """Apply all in one transaction; return false when one event makes it fail."""
        ours: list[Incoming] = []
        for item in items:
            match item:
                case Broken():
                    return False
                case Incoming():
                    ours.append(item)
                case Skipped():
                    pass
                case _:
                    assert_never(item)
        applied: set[int] = set()
        try:
            if ours:
                applied = await self._applier.apply(ours)
        except Exception as error:
            if is_transient(error):
                raise
            log.warning("batch failed, applying one by one", error_type=type(error).__name__, events=len(ours))
            return False
        new = {id(ours[position]) for position in applied}
        for item in items:
            self._progress.settle(item, applied=id(item) in new)
        return True

    async def _apart(self, consumer: Consumer, items: Sequence[Item]) -> None:
        """Apply partition by partition; a transient error pauses its own partition alone.

        After such an error the rest waits for the next poll: a database that does not answer must not keep this
        loop from polling.
        """
        parts: dict[Partition, deque[Item]] = {}
        for item in items:
            parts.setdefault(partition_of(item), deque()).append(item)
        for partition, part in parts.items():
            try:
                await self._part(part)
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("partition paused", error_type=type(error).__name__, topic=partition.topic)
                self._progress.pause(consumer, partition, asyncio.get_running_loop().time())
                self._progress.rewind(consumer, chain.from_iterable(parts.values()))
                return

    async def _part(self, part: deque[Item]) -> None:
        """Apply a partition's events together, or one by one where that fails; remove the applied ones."""
        if not self._progress.stalls(part) and await self._together(part):
            part.clear()
        while part:
            item = part[0]
            applied = not isinstance(item, Skipped) and await self._applier.apply_or_park(item)
            self._progress.settle(item, applied=applied)
            part.popleft()

    async def _revoked(self, partitions: Collection[Partition]) -> None:
        consumer = self._consumer
        if consumer is not None:
            await quietly(self._progress.commit(consumer), 3)
        self._progress.forget(partitions)

    async def _halt(self, stop: asyncio.Event, error: TooManyFailuresError) -> None:
        self.halted = True
        self._metrics.halted.set(1)
        while not stop.is_set():
            log.critical("consumer stopped: too many failures, mend and restart", reason=str(error))
            await wait_for_stop(stop, self._intervals.remind)
