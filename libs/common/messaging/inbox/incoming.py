"""Records to events: those to apply, those to skip, broken and unknown ones."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import NamedTuple, TypeAlias
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import ValidationError

from libs.common.contracts import REGISTRY, EventData, Received
from libs.common.contracts.envelope import MAX_KEY
from libs.common.messaging.bus.codec import Envelope, MalformedEventError, headers_of, read_envelope, read_sequence
from libs.common.messaging.bus.ports import Record
from libs.common.messaging.inbox.usecase import Subscriptions
from libs.common.platform.ids import uuid7_day

Registry: TypeAlias = Mapping[str, type[EventData]]

UNKNOWN = "unknown"  # the type of a record that names none
_LAST_MOMENT = 253_402_300_799_000  # milliseconds; the last second of the year 9999


class UnknownTypeError(MalformedEventError):
    """A type that no service of this release publishes: garbage, or a newer service's (docs/adr/0002)."""

    def __init__(self) -> None:
        super().__init__("this release knows no event of this type")


@dataclass(frozen=True, slots=True)
class Incoming:
    """A record with a readable envelope and payload."""

    record: Record
    type: str
    event: Received[EventData]

    @property
    def event_id(self) -> UUID:
        return self.event.event_id

    @property
    def day(self) -> date:
        """Return the inbox partition."""
        return uuid7_day(self.event.event_id)

    @property
    def key(self) -> str:
        return self.event.key

    @property
    def sequence(self) -> int:
        return self.event.sequence

    @property
    def desk(self) -> str:
        return self.event.desk

    @property
    def time(self) -> datetime:
        return self.event.time


@dataclass(frozen=True, slots=True)
class Broken:
    """A record that cannot be read; id and key are taken from it as far as possible."""

    record: Record
    type: str
    event_id: UUID
    day: date
    key: str
    desk: str
    sequence: int
    time: datetime
    error: Exception


class Skipped(NamedTuple):
    """A record that says nothing to this service, by its type or its payload; its sequence still counts."""

    record: Record
    type: str
    key: str
    sequence: int


Item: TypeAlias = Incoming | Broken | Skipped


def heeds_all(_: EventData) -> bool:
    """Return that every payload of a subscribed type is heeded."""
    return True


class Reader:
    """Reads records for one service's subscriptions; `registry` has all types that its release knows.

    `heeds` says of a payload whether there is anything to do: what there is not takes no transaction.
    """

    def __init__(
        self,
        subscriptions: Subscriptions,
        registry: Registry = REGISTRY,
        heeds: Callable[[EventData], bool] = heeds_all,
    ) -> None:
        self._registry, self._heeds = registry, heeds
        self._foreign = frozenset(name.encode() for name in registry.keys() - subscriptions.keys())

    @property
    def known(self) -> Collection[str]:
        """Return every type that this release knows, subscribed to or not."""
        return self._registry.keys()

    def read(self, records: Sequence[Record]) -> list[Item]:
        """Return one item per record, in order; no content of a record raises."""
        return [self._read(record) for record in records]

    def _read(self, record: Record) -> Item:
        headers = headers_of(record)
        name = headers.get("ce_type")
        if name in self._foreign:
            return _skipped(record, headers, name)
        envelope: Envelope | None = None
        try:
            envelope = read_envelope(headers)
            event = parse(envelope, record.value or b"", self._registry)
        except (MalformedEventError, ValidationError) as error:
            return _broken(record, headers, envelope, error)
        if self._heeds(event.data):
            return Incoming(record, envelope.type, event)
        return Skipped(record, envelope.type, envelope.key, envelope.sequence)


def parse(envelope: Envelope, body: bytes, registry: Registry = REGISTRY) -> Received[EventData]:
    """Return the event of an envelope and its JSON body. Raises ValidationError or UnknownTypeError."""
    model = registry.get(envelope.type)
    if model is None:
        raise UnknownTypeError
    data = model.model_validate_json(body)
    return Received(
        envelope.event_id, envelope.key, envelope.desk, envelope.time, envelope.sequence, envelope.cause, data
    )


def storable(value: bytes | None) -> str:
    """Return foreign bytes as text that PostgreSQL takes."""
    return (value or b"").decode("utf-8", "backslashreplace").replace("\x00", "\\x00")


def _skipped(record: Record, headers: Mapping[str, bytes], name: bytes) -> Skipped:
    try:
        sequence = read_sequence(headers)
    except MalformedEventError:
        sequence = 0
    return Skipped(record, storable(name), storable(record.key), sequence)


def _broken(record: Record, headers: Mapping[str, bytes], envelope: Envelope | None, error: Exception) -> Broken:
    if envelope is not None:
        made, sequence, time = envelope.event_id, envelope.sequence, envelope.time
        day = uuid7_day(made)
    else:
        # Its own id may be missing or a duplicate: the place in the log is unique and stable.
        made = uuid5(NAMESPACE_URL, f"{record.topic}/{record.partition}/{record.offset}")
        time = datetime.fromtimestamp(min(max(record.timestamp, 0), _LAST_MOMENT) / 1000, tz=UTC)
        day, sequence = time.date(), 0
    place = f"{record.topic}/{record.partition}/{record.offset}"
    return Broken(
        record=record,
        type=storable(headers.get("ce_type")) or UNKNOWN,
        event_id=made,
        day=day,
        key=storable(headers.get("ce_subject") or record.key)[:MAX_KEY] or place,
        desk=storable(headers.get("ce_desk")),
        sequence=sequence,
        time=time,
        error=error,
    )
