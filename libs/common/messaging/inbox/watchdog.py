"""The watchdog: aiokafka can stop without an error (its issue 1037); lag without progress means a new client."""

from collections.abc import Collection, Mapping, Sequence

from libs.common.messaging.bus.ports import BusError, Consumer, Partition, Record
from libs.common.messaging.inbox.consumer_metrics import ConsumerMetrics
from libs.common.messaging.inbox.intervals import ConsumerIntervals

PATIENCE = 3  # looks at an unreachable broker


class Watchdog:
    """Checks every `look`. A partition with lag at two checks, and no record of it in between, is stuck.

    While every poll is full of records of other partitions, a partition may just not be served yet.
    """

    def __init__(self, metrics: ConsumerMetrics, intervals: ConsumerIntervals) -> None:
        self._metrics, self._intervals = metrics, intervals
        self.start(0.0)

    def start(self, now: float) -> None:
        self._next_look = now + self._intervals.look
        self._assigned_at = now
        self._delivered: set[tuple[str, int]] = set()
        self._room = False
        self._behind: set[Partition] = set()
        self._blind = 0

    @property
    def reachable(self) -> bool:
        """Whether the broker answered at the last check."""
        return self._blind == 0

    def polled(self, records: Sequence[Record], *, full: bool) -> None:
        """Record the partitions of a poll, and whether it was full."""
        self._delivered.update([(record.topic, record.partition) for record in records])
        self._room = self._room or not full

    async def look(self, consumer: Consumer, now: float, paused: Collection[Partition]) -> None:
        """Raise BusError when the consumer has to be rebuilt."""
        if now < self._next_look:
            return
        self._next_look = now + self._intervals.look
        if consumer.assignment():
            self._assigned_at = now
        elif now - self._assigned_at > self._intervals.unassigned:
            raise BusError("no partitions")
        try:
            lag = await consumer.lag()
        except BusError:
            self._blind += 1
            if self._blind >= PATIENCE:
                raise
            return
        self._blind = 0
        self._show(lag)
        behind = {partition for partition, count in lag.items() if count and partition not in paused}
        if self._room and behind & self._behind - self._delivered:
            raise BusError("lag without progress")
        self._behind, self._room = behind, False
        self._delivered.clear()

    def _show(self, lag: Mapping[Partition, int]) -> None:
        totals: dict[str, int] = {}
        for partition, count in lag.items():
            totals[partition.topic] = totals.get(partition.topic, 0) + count
        self._metrics.lag.clear()  # of topics whose partitions went to others
        for topic, count in totals.items():
            self._metrics.lag.labels(topic).set(count)
