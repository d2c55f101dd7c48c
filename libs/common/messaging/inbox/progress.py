"""The progress of a consumer per partition: settled, committed, paused."""

from collections.abc import Collection, Iterable

from libs.common.messaging.bus.ports import BusError, Consumer, Partition
from libs.common.messaging.inbox.consumer_metrics import ConsumerMetrics
from libs.common.messaging.inbox.incoming import Incoming, Item, Skipped
from libs.common.messaging.inbox.intervals import ConsumerIntervals
from libs.common.messaging.inbox.sequence import SequenceCheck
from libs.common.platform.telemetry.logs import get_logger
from libs.common.platform.waiting import growing

PATIENCE = 3  # commits in a row that may fail before a new client is made

log = get_logger(__name__)


class Progress:
    """Settled offsets, committed twice a second: after a crash the inbox recognises the records in between."""

    def __init__(self, metrics: ConsumerMetrics, intervals: ConsumerIntervals) -> None:
        self._metrics, self._intervals = metrics, intervals
        self._settled: dict[Partition, int] = {}
        self._committed: dict[Partition, int] = {}
        self._resume_at: dict[Partition, float] = {}
        self._stalls: dict[Partition, int] = {}
        self._order = SequenceCheck()
        self._failures = 0

    @property
    def paused(self) -> Collection[Partition]:
        """Return the paused partitions."""
        return self._resume_at.keys()

    def settle(self, item: Item, *, applied: bool) -> None:
        """Note that a record needs no more work, whether it was applied, parked, a repeat or not ours."""
        record, partition = item.record, partition_of(item)
        self._settled[partition] = record.offset + 1
        self._stalls.pop(partition, None)
        if isinstance(item, Skipped):
            self._metrics.event(record.topic, "skipped").inc()
        if not (applied and isinstance(item, Incoming)):
            self._order.passed(partition, item.key, item.sequence)
        elif fault := self._order.applied(partition, item.key, item.sequence):
            self._metrics.order.labels(fault.value).inc()
            log.error("sequence fault", kind=fault.value, event_key=item.key, topic=record.topic)

    def rewind(self, consumer: Consumer, items: Iterable[Item]) -> None:
        """Rewind each partition to its first record of these."""
        self._metrics.retries.inc()
        first: dict[Partition, int] = {}
        for item in items:
            first.setdefault(partition_of(item), item.record.offset)
        for partition, offset in first.items():
            consumer.seek(partition, offset)

    async def commit(self, consumer: Consumer) -> None:
        """Commit settled offsets. Raises BusError after too many failures in a row."""
        fresh = {tp: offset for tp, offset in self._settled.items() if self._committed.get(tp) != offset}
        if not fresh:
            return
        try:
            mine = await consumer.commit(fresh)
        except BusError as error:
            self._failures += 1
            log.warning("offset commit failed", reason=str(error), attempt=self._failures)
            if self._failures >= PATIENCE:
                self._failures = 0
                raise
            return
        self._failures = 0
        if mine:
            self._committed.update(fresh)
        else:
            self.forget(self._settled.keys() - set(consumer.assignment()))

    def pause(self, consumer: Consumer, partition: Partition, now: float) -> None:
        """Pause a partition, longer after each failure in a row."""
        stalls = self._stalls.get(partition, 0)
        self._stalls[partition] = stalls + 1
        first, longest = self._intervals.first_pause, self._intervals.longest_pause
        self._resume_at[partition] = now + growing(stalls, first, longest)
        consumer.pause([partition])

    def stalls(self, items: Iterable[Item]) -> bool:
        """Return whether some are of a partition that was paused and has settled nothing since."""
        return bool(self._stalls) and any(partition_of(item) in self._stalls for item in items)

    def resume_due(self, consumer: Consumer, now: float) -> None:
        """Resume partitions whose pause is over."""
        due = [partition for partition, moment in self._resume_at.items() if moment <= now]
        for partition in due:
            del self._resume_at[partition]
        if due:
            consumer.resume(due)

    def forget(self, partitions: Collection[Partition]) -> None:
        """Forget partitions that are no longer ours."""
        for partition in list(partitions):
            for offsets in (self._settled, self._committed, self._stalls):
                offsets.pop(partition, None)
            self._resume_at.pop(partition, None)
            self._order.forget(partition)

    def forget_all(self) -> None:
        """Forget all partitions, for a new client."""
        self.forget(self._settled.keys() | self._stalls.keys())


def partition_of(item: Item) -> Partition:
    return Partition(item.record.topic, item.record.partition)
