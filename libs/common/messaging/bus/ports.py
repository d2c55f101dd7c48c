"""The ports of a bus, as relay and consumer use it. Kafka implements them, and the memory bus of the tests."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeAlias


class BusError(Exception):
    """The bus failed; a new client may succeed."""


class Partition(NamedTuple):
    """One ordered log of a topic."""

    topic: str
    number: int


@dataclass(frozen=True, slots=True)
class Message:
    """A record to be sent: all messages of one key go to one partition, in order."""

    key: bytes
    value: bytes
    headers: Sequence[tuple[str, bytes]]


#: A message with the topic that it goes to.
Routed: TypeAlias = tuple[str, Message]


class Record(Protocol):
    """A record as it was read. `timestamp` is milliseconds since 1970."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


@dataclass(frozen=True, slots=True)
class Sent:
    """The result of a batch: the indices that every replica acknowledged, and the error if some are missing.

    Within a partition the acknowledged messages are a prefix of the given ones.
    """

    acked: Sequence[int]
    error: BusError | None = None


class Producer(Protocol):
    """Sends batches, idempotent and acknowledged by all replicas. After an error a new producer is needed."""

    async def send(self, batch: Sequence[Routed]) -> Sent:
        """Send in order and wait for every acknowledgement, within a bounded time; never raises BusError.

        What goes to several topics and partitions leaves together.
        """
        ...

    async def close(self) -> None:
        """Close within a bounded time; an unacknowledged message is not sent later."""
        ...


Revoked: TypeAlias = Callable[[Collection[Partition]], Awaitable[None]]


class Consumer(Protocol):
    """A member of a group. Offsets are committed by hand; every call is bounded in time."""

    def assignment(self) -> Collection[Partition]:
        """Return the partitions that are ours now."""
        ...

    async def poll(self, seconds: float, limit: int) -> Sequence[Record]:
        """Return up to `limit` records, in order per partition, waiting up to `seconds`. Raises BusError."""
        ...

    async def commit(self, offsets: Mapping[Partition, int]) -> bool:
        """Store next offsets; false when the partitions belong to another member by now. Raises BusError."""
        ...

    def seek(self, partition: Partition, offset: int) -> None:
        """Read from `offset` next; does nothing for a partition that is no longer ours."""
        ...

    def pause(self, partitions: Collection[Partition]) -> None:
        """Deliver nothing from these partitions, as far as they are ours."""
        ...

    def resume(self, partitions: Collection[Partition]) -> None:
        """Deliver again from these partitions, as far as they are ours."""
        ...

    async def lag(self) -> Mapping[Partition, int]:
        """Return how many records are unread in each of our partitions. Raises BusError."""
        ...

    async def close(self) -> None:
        """Leave the group within a bounded time; a named member's place is kept for its session time-out."""
        ...


class Bus(Protocol):
    """Makes connected clients."""

    async def producer(self) -> Producer:
        """Return a connected producer. Raises BusError."""
        ...

    async def consumer(self, group: str, topics: Sequence[str], instance: str | None, revoked: Revoked) -> Consumer:
        """Return a member of `group`; `revoked` runs before partitions are given away. Raises BusError."""
        ...

    async def ensure_topics(self, topics: Sequence[str]) -> None:
        """Create missing topics. Raises BusError."""
        ...
