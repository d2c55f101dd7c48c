"""The consumer's loop: poll, apply, remember offsets, and get over everything that may pass."""

import asyncio
from collections.abc import Collection, Sequence

from libs.common.bus.ports import Bus, BusError, Consumer, Partition, Record
from libs.common.inbox.apply import Applier
from libs.common.inbox.consumer_metrics import ConsumerMetrics
from libs.common.inbox.errors import blames_one, is_transient
from libs.common.inbox.incoming import Broken, Incoming, Item, Reader, Skipped
from libs.common.inbox.limit import TooManyFailuresError
from libs.common.inbox.progress import Progress
from libs.common.inbox.watchdog import Watchdog
from libs.common.telemetry.logs import get_logger
from libs.common.waiting import quietly, wait_for_stop

POLL_SECONDS = 0.25
POLL_RECORDS = 500
COMMIT_SECONDS = 0.5
REBUILD_SECONDS = 1.0
SINGLE_AFTER = 3  # batches in a row that one event may have spoilt for a while, then event by event
FIRST_BACK_OFF, LONGEST_BACK_OFF = 0.05, 5.0  # seconds
REMIND_SECONDS = 30.0

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
    ) -> None:
        self._bus, self._group, self._topics, self._instance = bus, group, topics, instance
        self._reader, self._applier, self._metrics = reader, applier, metrics
        self._consumer: Consumer | None = None
        self._progress = Progress(metrics)
        self._watchdog = Watchdog(metrics)
        self._streak = self._suspect = 0
        self.halted = False

    @property
    def fault(self) -> str | None:
        """Return why no events are being taken in, or None: joined, with partitions, the broker answers."""
        if self.halted:
            return "stopped by too many failures"
        if self._consumer is None or not self._consumer.assignment():
            return "no partitions"
        return None if self._watchdog.reachable else "the broker does not answer"

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until `stop`, with a new client after each fault of the bus."""
        while not stop.is_set():
            try:
                await self._member(stop)
            except BusError as error:
                self._metrics.rebuilds.labels(str(error)).inc()
                log.warning("consumer is rebuilt", reason=str(error), group=self._group)
                await wait_for_stop(stop, REBUILD_SECONDS)
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
            records = await consumer.poll(POLL_SECONDS, POLL_RECORDS)
            if records:
                watchdog.received(len(records))
                await self._handle(consumer, records)
            self._progress.resume_due(consumer, clock())
            if clock() >= commit_due:
                await self._progress.commit(consumer)
                commit_due = clock() + COMMIT_SECONDS
            await watchdog.look(consumer, clock(), self._progress.paused)

    async def _handle(self, consumer: Consumer, records: Sequence[Record]) -> None:
        items = self._reader.read(records)
        try:
            if self._suspect >= SINGLE_AFTER or not await self._together(items):
                await self._one_by_one(consumer, items)
            self._streak = self._suspect = 0
        except Exception as error:
            if not is_transient(error):
                raise
            delay = back_off(self._streak)
            self._streak += 1
            self._suspect += blames_one(error)
            self._metrics.retries.inc()
            log.warning("batch is put back", error_type=type(error).__name__, events=len(records), again_in=delay)
            self._progress.rewind(consumer, records)
            await asyncio.sleep(delay)

    async def _together(self, items: Sequence[Item]) -> bool:
        """Apply all in one transaction; return false when one of them spoils it for the rest."""
        ours: list[Incoming] = []
        for item in items:
            if isinstance(item, Broken):
                return False
            if isinstance(item, Incoming):
                ours.append(item)
        applied: set[int] = set()
        try:
            if ours:
                applied = await self._applier.apply(ours)
        except Exception as error:
            if is_transient(error):
                raise
            log.warning("batch fails, goes event by event", error_type=type(error).__name__, events=len(ours))
            return False
        new = {id(ours[position]) for position in applied}
        for item in items:
            self._progress.settle(item, applied=id(item) in new)
        return True

    async def _one_by_one(self, consumer: Consumer, items: Sequence[Item]) -> None:
        """Apply or park each; one that may pass later holds up its own partition alone."""
        clock = asyncio.get_running_loop().time
        stalled: set[Partition] = set()
        for item in items:
            partition = Partition(item.record.topic, item.record.partition)
            if partition in stalled:
                continue
            try:
                applied = not isinstance(item, Skipped) and await self._applier.apply_or_park(item)
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("partition waits", error_type=type(error).__name__, topic=partition.topic)
                stalled.add(partition)
                consumer.seek(partition, item.record.offset)
                self._progress.pause(consumer, partition, clock())
            else:
                self._progress.settle(item, applied=applied)

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
            await wait_for_stop(stop, REMIND_SECONDS)


def back_off(attempt: int) -> float:
    """Return the pause before the next try, in seconds: doubled each time, 5 s at most."""
    return float(min(FIRST_BACK_OFF * 2**attempt, LONGEST_BACK_OFF))
