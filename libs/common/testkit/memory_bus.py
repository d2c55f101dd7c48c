"""A bus in memory that passes the contract suite of the real one, with faults that a test can switch on."""

import asyncio
import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from libs.common.messaging.bus.ports import BusError, Message, Partition, Record, Revoked, Routed, Sent

LOOK = 0.002  # seconds


@dataclass(frozen=True, slots=True)
class MemoryRecord:
    """A record as a consumer sees it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


@dataclass
class _Group:
    members: list["MemoryConsumer"] = field(default_factory=list)
    offsets: dict[Partition, int] = field(default_factory=dict)
    owners: dict[Partition, "MemoryConsumer"] = field(default_factory=dict)
    generation: int = 0


@dataclass
class MemoryBus:
    """Topics, partitions and groups of one test.

    `down` refuses everything; `refuse` is asked per message and fails its partition from there on;
    `deaf` stores messages and never acknowledges them, `late` stores them only at `land`.
    """

    partitions: int = 3
    down: bool = False
    deaf: bool = False
    late: bool = False
    refuse: Callable[[Message], bool] | None = None
    logs: dict[Partition, list[MemoryRecord]] = field(default_factory=dict)
    groups: dict[str, _Group] = field(default_factory=dict)
    producers: int = 0
    under_way: list[tuple[str, Message]] = field(default_factory=list)

    def check(self) -> None:
        """Raise BusError while the bus is down."""
        if self.down:
            raise BusError("the bus is down")

    async def producer(self) -> "MemoryProducer":
        self.check()
        self.producers += 1
        return MemoryProducer(self)

    async def consumer(
        self, group: str, topics: Sequence[str], instance: str | None, revoked: Revoked
    ) -> "MemoryConsumer":
        """Return a new member of a group; a member of the same `instance` name is replaced."""
        self.check()
        state = self.groups.setdefault(group, _Group())
        state.members = [member for member in state.members if instance is None or member.instance != instance]
        member = MemoryConsumer(self, state, topics, instance, revoked)
        state.members.append(member)
        state.generation += 1
        return member

    async def ensure_topics(self, topics: Sequence[str]) -> None:
        self.check()
        for topic in topics:
            for number in range(self.partitions):
                self.logs.setdefault(Partition(topic, number), [])

    def records(self, topic: str) -> list[MemoryRecord]:
        """Return all records of a topic, partition by partition."""
        return [
            record for partition, log in sorted(self.logs.items()) if partition.topic == topic for record in log
        ]

    def land(self) -> None:
        """Write what was sent while the bus was late."""
        while self.under_way:
            self.append(*self.under_way.pop(0))

    def append(self, topic: str, message: Message) -> None:
        """Write one record where its key belongs."""
        partition = Partition(topic, zlib.crc32(message.key) % self.partitions)
        log = self.logs.setdefault(partition, [])
        record = MemoryRecord(
            topic, partition.number, len(log), 0, message.key, message.value, tuple(message.headers)
        )
        log.append(record)


class MemoryProducer:
    """Appends at once; after an error it must be thrown away, as a real one."""

    def __init__(self, bus: MemoryBus) -> None:
        self._bus = bus
        self._open = True

    async def send(self, batch: Sequence[Routed]) -> Sent:
        """Append in order; a refused message stops its own partition."""
        await asyncio.sleep(0)
        if self._bus.down or not self._open:
            self._open = False
            return Sent((), BusError("the bus is down"))
        if self._bus.late:
            self._open = False
            self._bus.under_way += batch
            return Sent((), BusError("no acknowledgement came"))
        acked: list[int] = []
        stopped: set[Partition] = set()
        for index, (topic, message) in enumerate(batch):
            partition = Partition(topic, zlib.crc32(message.key) % self._bus.partitions)
            if partition in stopped or (self._bus.refuse is not None and self._bus.refuse(message)):
                stopped.add(partition)
                continue
            self._bus.append(topic, message)
            acked.append(index)
        if self._bus.deaf:
            acked = []
        self._open = len(acked) == len(batch)
        return Sent(acked, None if self._open else BusError("not all were acknowledged"))

    async def close(self) -> None:
        self._open = False


class MemoryConsumer:
    """A group member; partitions are dealt round robin when the members change."""

    def __init__(
        self, bus: MemoryBus, group: _Group, topics: Sequence[str], instance: str | None, revoked: Revoked
    ) -> None:
        self._bus, self._group, self._topics, self._revoked = bus, group, topics, revoked
        self.instance = instance
        self._generation = 0
        self._positions: dict[Partition, int] = {}
        self._paused: set[Partition] = set()

    def assignment(self) -> Collection[Partition]:
        """Return the member's partitions as of the last poll."""
        return set(self._positions)

    async def poll(self, seconds: float, limit: int) -> Sequence[Record]:
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            self._bus.check()
            await self._join()
            if found := self._take(limit):
                return found
            if asyncio.get_running_loop().time() >= deadline:
                return ()
            await asyncio.sleep(LOOK)

    async def commit(self, offsets: Mapping[Partition, int]) -> bool:
        """Store next offsets, of partitions that no other member has taken over."""
        self._bus.check()
        if self not in self._group.members:
            return False
        owners = self._group.owners
        ours = {partition: offset for partition, offset in offsets.items() if owners.get(partition) is self}
        self._group.offsets.update(ours)
        return len(ours) == len(offsets)

    def seek(self, partition: Partition, offset: int) -> None:
        if partition in self._positions:
            self._positions[partition] = offset

    def pause(self, partitions: Collection[Partition]) -> None:
        self._paused |= set(partitions) & self._positions.keys()

    def resume(self, partitions: Collection[Partition]) -> None:
        self._paused -= set(partitions)

    async def lag(self) -> Mapping[Partition, int]:
        self._bus.check()
        return {tp: len(self._bus.logs.get(tp, ())) - position for tp, position in self._positions.items()}

    async def close(self) -> None:
        if self in self._group.members:
            self._group.members.remove(self)
            self._group.generation += 1

    async def _join(self) -> None:
        if self._generation == self._group.generation or self not in self._group.members:
            return
        if self._positions:
            await self._revoked(set(self._positions))
        self._generation = self._group.generation
        ours, of = self._group.members.index(self), len(self._group.members)
        self._paused.clear()
        known = sorted(partition for partition in self._bus.logs if partition.topic in self._topics)
        self._positions = {partition: self._group.offsets.get(partition, 0) for partition in known[ours::of]}
        self._group.owners.update(dict.fromkeys(self._positions, self))

    def _take(self, limit: int) -> list[Record]:
        found: list[Record] = []
        for partition, position in self._positions.items():
            if partition in self._paused:
                continue
            batch = self._bus.logs[partition][position : position + limit - len(found)]
            self._positions[partition] = position + len(batch)
            found += batch
        return found
