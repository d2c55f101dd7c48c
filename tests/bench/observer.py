"""Notes when leads come by at the end of a chain: `observing` watches a topic for records of one type."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition

from libs.common.messaging.bus.topics import PARTITIONS


class Observer:
    """`seen` maps event keys to the first moment (`time.perf_counter`) at which they were noted."""

    def __init__(self) -> None:
        self._came = asyncio.Event()
        self.seen: dict[str, float] = {}

    def note(self, keys: Iterable[str], now: float) -> None:
        """Note that these came by."""
        for key in keys:
            self.seen.setdefault(key, now)
        self._came.set()

    async def all_of(self, keys: Collection[str], seconds: float) -> float:
        """Wait for every key; return when the last came. Raises TimeoutError with how many are missing."""
        try:
            async with asyncio.timeout(seconds):
                while missing := sum(1 for key in keys if key not in self.seen):
                    self._came.clear()
                    await self._came.wait()
                    await asyncio.sleep(min(0.5, missing / 5000))
        except TimeoutError:
            missing = sum(1 for key in keys if key not in self.seen)
            raise TimeoutError(f"{missing} of {len(keys)} leads did not arrive within {seconds:.0f} s") from None
        return max(self.seen[key] for key in keys)


@asynccontextmanager
async def observing(bootstrap: str, topic: str, event_type: str) -> AsyncIterator[Observer]:
    """Observe a topic from its present end on."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="latest")
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, number) for number in range(PARTITIONS)])
        await consumer.seek_to_end()
        observer = Observer()
        watching = asyncio.create_task(_watch(consumer, observer, ("ce_type", event_type.encode())))
        try:
            yield observer
        finally:
            watching.cancel()
    finally:
        await consumer.stop()


async def _watch(consumer: AIOKafkaConsumer, observer: Observer, header: tuple[str, bytes]) -> None:
    while True:
        batches = await consumer.getmany(timeout_ms=1000)
        now = time.perf_counter()
        came = [record for batch in batches.values() for record in batch if header in record.headers]
        observer.note((record.key.decode() for record in came), now)
