"""The envelope of an event: CloudEvents 1.0 attributes, and what it was caused by."""

from datetime import datetime
from typing import ClassVar, Generic, NamedTuple, Self, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from libs.common.contracts.topics import Topic
from libs.common.platform.ids import uuid7

MAX_KEY = 200  # characters; it must fit into a reader's index


class EventData(BaseModel):
    """The payload of one event type. Fields only grow; readers ignore what they do not know.

    `owner` is the service that writes it, `topic` what transports it.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    event_type: ClassVar[str]
    owner: ClassVar[str]
    topic: ClassVar[Topic]


class Cause(NamedTuple):
    """The cause of an event: its chain (correlation), the event before it (causation) and its trace."""

    correlation_id: UUID
    causation_id: UUID | None = None
    traceparent: str | None = None

    @classmethod
    def fresh(cls, traceparent: str | None = None) -> Self:
        """Start a chain: a request of a person or of a foreign system."""
        return cls(correlation_id=uuid7(), traceparent=traceparent)


class Outgoing(NamedTuple):
    """An event as a use case hands it to the outbox.

    `key` orders it (`lead:0190…`), `time` is business time, `event_id` may be given when a row names it.
    """

    key: str
    desk: str
    time: datetime
    data: EventData
    cause: Cause
    event_id: UUID | None = None


D_co = TypeVar("D_co", bound=EventData, covariant=True)


class Received(NamedTuple, Generic[D_co]):
    """An event as a consumer hands it to a use case; `sequence` ascends without gaps per key and topic.

    `waited`: the event was parked until people had set up what it needed (`inbox.Unready`).
    """

    event_id: UUID
    key: str
    desk: str
    time: datetime
    sequence: int
    cause: Cause
    data: D_co
    waited: bool = False

    def follow(self) -> Cause:
        """Return the cause of the events that follow from this one."""
        return Cause(self.cause.correlation_id, self.event_id, self.cause.traceparent)
