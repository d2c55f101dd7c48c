"""aiokafka's group consumer behind our port, with an end to every wait."""

from collections.abc import Collection, Coroutine, Mapping, Sequence
from typing import TypeVar

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from libs.common.messaging.bus.ports import BusError, Partition, Record, Revoked
from libs.common.platform.waiting import bounded, quietly

START_SECONDS = 30.0
CALL_SECONDS = 10.0
CLOSE_SECONDS = 5.0
STATIC_SESSION_MS = 30_000  # a named member may be away that long without a rebalance
DYNAMIC_SESSION_MS = 10_000
# How long the broker keeps a fetch that finds nothing; one that finds records is answered at once. What else is
# asked of the same connection waits meanwhile: the watchdog's offsets, and partitions that were rewound.
FETCH_WAIT_MS = 1_500
# How long what was fetched may wait for the next poll before the client fetches from other partitions. One fetch is
# under way at a time: if those have nothing, it is answered at the end of its wait, and what comes meanwhile to the
# partitions that were read stays at the broker. The client's own 0.1 s is less than a full poll takes to apply.
PREFETCH_SECONDS = 60.0
# How often the client looks for what to fetch, besides whenever something came, was read, or was assigned. Its own
# 0.2 s woke each idle worker five times a second, to find its fetch at the broker.
LOOK_MS = 2_000

_TASKS = ("_coordination_task", "_heartbeat_task", "_commit_refresh_task", "_fetch_task")

T = TypeVar("T")


class KafkaConsumer:
    """A member of a consumer group; offsets are committed by hand."""

    def __init__(self, inner: AIOKafkaConsumer) -> None:
        self._inner = inner

    @classmethod
    async def connect(
        cls, bootstrap: str, group: str, topics: Sequence[str], instance: str | None, revoked: Revoked
    ) -> "KafkaConsumer":
        """Join `group`; a restart of a static member (`instance`) causes no rebalance. Raises BusError."""
        inner = AIOKafkaConsumer(
            bootstrap_servers=bootstrap,
            group_id=group,
            group_instance_id=instance,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=STATIC_SESSION_MS if instance else DYNAMIC_SESSION_MS,
            heartbeat_interval_ms=3_000,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            request_timeout_ms=20_000,
            metadata_max_age_ms=60_000,
            consumer_timeout_ms=LOOK_MS,
        )
        inner.subscribe(topics=list(topics), listener=_Listener(revoked))
        try:
            await bounded(inner.start(), START_SECONDS)
        except (KafkaError, OSError, TimeoutError) as error:
            await _close(inner)
            raise BusError(f"no consumer: {type(error).__name__}") from error
        inner._fetcher._prefetch_backoff = PREFETCH_SECONDS  # noqa: SLF001 - no setting of the client's says it
        return cls(inner)

    def assignment(self) -> Collection[Partition]:
        return {Partition(tp.topic, tp.partition) for tp in self._inner.assignment()}

    async def poll(self, seconds: float, limit: int) -> Sequence[Record]:
        work = self._inner.getmany(timeout_ms=int(seconds * 1000), max_records=limit)
        batches: Mapping[TopicPartition, Sequence[Record]] = await _call(work, seconds + CALL_SECONDS)
        return [record for records in batches.values() for record in records]

    async def commit(self, offsets: Mapping[Partition, int]) -> bool:
        """Store next offsets of partitions that are still ours; see the port."""
        ours = self._inner.assignment()
        named = {TopicPartition(*partition): offset for partition, offset in offsets.items()}
        wanted = {tp: offset for tp, offset in named.items() if tp in ours}
        try:
            if wanted:
                await _call(self._inner.commit(wanted), CALL_SECONDS)
        except (CommitFailedError, IllegalStateError):
            return False
        return len(wanted) == len(offsets)

    def seek(self, partition: Partition, offset: int) -> None:
        try:
            self._inner.seek(TopicPartition(*partition), offset)
        except IllegalStateError:
            return

    def pause(self, partitions: Collection[Partition]) -> None:
        """Deliver nothing from these partitions until `resume`."""
        self._inner.pause(*self._ours(partitions))

    def resume(self, partitions: Collection[Partition]) -> None:
        self._inner.resume(*self._ours(partitions))

    async def lag(self) -> Mapping[Partition, int]:
        """Ask the broker how many records are unread in each partition."""
        ours = list(self._inner.assignment())
        if not ours:
            return {}
        ends = await _call(self._inner.end_offsets(ours), CALL_SECONDS)
        found: dict[Partition, int] = {}
        for tp in ours:
            try:
                position = await _call(self._inner.position(tp), CALL_SECONDS)
            except IllegalStateError:
                continue
            found[Partition(tp.topic, tp.partition)] = max(0, ends[tp] - position)
        return found

    def _ours(self, partitions: Collection[Partition]) -> set[TopicPartition]:
        assigned: set[TopicPartition] = self._inner.assignment()
        return {TopicPartition(*partition) for partition in partitions} & assigned

    async def close(self) -> None:
        """Leave the group, or as a named member keep the place in it."""
        await _close(self._inner)


async def _close(inner: AIOKafkaConsumer) -> None:
    """Stop, and end the tasks that a failed `stop()` leaves: they would stay a member of the group."""
    await quietly(inner.stop(), CLOSE_SECONDS)
    parts = inner._coordinator, inner._fetcher  # noqa: SLF001 - there is no public way to give up
    for task in (getattr(part, name, None) for part in parts for name in _TASKS):
        if task is not None:
            task.cancel()
    await quietly(inner._client.close(), CLOSE_SECONDS)  # noqa: SLF001 - stop() never reaches it when it fails before


async def _call(work: Coroutine[object, object, T], seconds: float) -> T:
    try:
        return await bounded(work, seconds)
    except (CommitFailedError, IllegalStateError):
        raise
    except (KafkaError, OSError, TimeoutError) as error:
        raise BusError(type(error).__name__) from error


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # the base class is untyped
    def __init__(self, revoked: Revoked) -> None:
        self._revoked = revoked

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Let the consumer commit its progress before another member continues."""
        await self._revoked({Partition(tp.topic, tp.partition) for tp in revoked})

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Do nothing: positions are the committed offsets."""
