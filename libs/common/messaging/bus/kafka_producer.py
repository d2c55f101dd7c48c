"""aiokafka's idempotent producer behind our port, with an end to every wait (aiokafka issue 1101)."""

import asyncio
import zlib
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, ProducerClosed

from libs.common.messaging.bus.ports import BusError, Partition, Routed, Sent
from libs.common.platform.waiting import bounded, quietly

START_SECONDS = 15.0
ACK_SECONDS = 15.0
CLOSE_SECONDS = 3.0
MAX_BATCH = 900_000  # bytes; the broker refuses a batch over 1 MiB, one message is at most 512 KiB


class KafkaProducer:
    """Sends whole batches, one at a time per partition: a later batch never overtakes a failed one."""

    def __init__(self, inner: AIOKafkaProducer) -> None:
        self._inner = inner
        self._partitions: dict[str, int] = {}
        self._broken = self._closed = False

    @classmethod
    async def connect(cls, bootstrap: str) -> "KafkaProducer":
        """Return a connected producer. Raises BusError."""
        inner = AIOKafkaProducer(
            bootstrap_servers=bootstrap,
            enable_idempotence=True,
            acks="all",
            max_batch_size=MAX_BATCH,
            linger_ms=0,
            request_timeout_ms=10_000,
        )
        try:
            await bounded(inner.start(), START_SECONDS)
        except (KafkaError, OSError, TimeoutError) as error:
            await _abandon(inner)
            raise BusError(f"no producer: {type(error).__name__}") from error
        return cls(inner)

    async def send(self, batch: Sequence[Routed]) -> Sent:
        if self._closed:
            return Sent((), BusError("the producer is closed"))
        acked: list[int] = []
        try:
            left = await bounded(self._by_partition(batch), ACK_SECONDS)
            while left:
                acked += await _acknowledged(await bounded(self._wave(batch, left), ACK_SECONDS))
        except (KafkaError, OSError, TimeoutError) as error:
            self._broken = True
            return Sent(acked, BusError(f"send failed: {type(error).__name__}"))
        except _PartlySentError as error:
            self._broken = True
            return Sent(acked + error.acked, BusError(f"send failed: {error.cause}"))
        return Sent(acked)

    async def close(self) -> None:
        """Flush and close; after an error only close, so that no old message is sent later."""
        self._closed = True
        if not self._broken:
            try:
                await bounded(self._inner.stop(), CLOSE_SECONDS)
            except (KafkaError, OSError, TimeoutError):
                pass
            else:
                return
        await _abandon(self._inner)

    async def _by_partition(self, batch: Sequence[Routed]) -> dict[Partition, list[int]]:
        indices: dict[Partition, list[int]] = {}
        for index, (topic, message) in enumerate(batch):
            count = self._partitions.get(topic)
            if count is None:
                count = self._partitions[topic] = len(await self._inner.partitions_for(topic))
            indices.setdefault(Partition(topic, zlib.crc32(message.key) % count), []).append(index)
        return indices

    async def _wave(
        self, batch: Sequence[Routed], left: dict[Partition, list[int]]
    ) -> dict[asyncio.Future[object], list[int]]:
        """Hand over as much of each partition as one request takes, and remove it from `left`.

        Nothing is awaited in between that lets the client run: it would send the first partition alone, and the
        others after its acknowledgement.
        """
        sent: dict[asyncio.Future[object], list[int]] = {}
        for partition, indices in list(left.items()):
            request, count = self._inner.create_batch(), 0
            for index in indices:
                _, item = batch[index]
                if not request.append(timestamp=None, key=item.key, value=item.value, headers=item.headers):
                    break
                count += 1
            request.close()
            if count == 0:
                raise KafkaError("a message is larger than a batch")
            future = await self._inner.send_batch(request, partition.topic, partition=partition.number)
            sent[future], rest = indices[:count], indices[count:]
            if rest:
                left[partition] = rest
            else:
                del left[partition]
        return sent


class _PartlySentError(Exception):
    def __init__(self, acked: list[int], cause: str) -> None:
        super().__init__(cause)
        self.acked, self.cause = acked, cause


async def _acknowledged(sent: dict["asyncio.Future[object]", list[int]]) -> list[int]:
    done, pending = await asyncio.wait(sent, timeout=ACK_SECONDS)
    for future in pending:
        future.add_done_callback(lambda late: late.cancelled() or late.exception())
    # Retrieve every exception, or asyncio logs it when the future is collected.
    faults = {future: future.exception() for future in done}
    acked = [index for future in done if faults[future] is None for index in sent[future]]
    causes = sorted({type(fault).__name__ for fault in faults.values() if fault is not None})
    if pending or causes:
        raise _PartlySentError(acked, ", ".join(causes) or "time-out")
    return acked


async def _abandon(inner: AIOKafkaProducer) -> None:
    """Cut the connections before the queue is flushed: an old batch must not be sent after a newer one.

    `stop()` alone waits for ever for a broker that is down (aiokafka #1101).
    """
    sender = inner._sender.sender_task  # noqa: SLF001 - there is no public way to give up
    if sender is not None:
        sender.cancel()
    await quietly(inner.client.close(), CLOSE_SECONDS)
    if sender is not None:
        await asyncio.wait({sender}, timeout=CLOSE_SECONDS)
    inner._message_accumulator.fail_all(ProducerClosed())  # noqa: SLF001 - else stop() waits for these batches
    await quietly(inner.stop(), CLOSE_SECONDS)
