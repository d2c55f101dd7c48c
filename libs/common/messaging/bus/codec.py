"""CloudEvents 1.0 in Kafka's binary mode (docs/adr/0002).

Written by hand: the `cloudevents` library costs several times as much per event, changes the attributes it
is given and turns every Kafka key into an attribute. A conformance test reads each one's messages with the
other.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from libs.common.contracts import Cause
from libs.common.contracts.envelope import MAX_KEY
from libs.common.messaging.bus.ports import Message, Record

SPEC = b"1.0"
JSON = b"application/json"
_MAX_MILLISECONDS = 253_402_300_800_000  # the year 10000, where dates end


class Envelope(NamedTuple):
    """The attributes of a record that passed all checks. A tuple: it is made once per record."""

    event_id: UUID
    type: str
    key: str
    desk: str
    time: datetime
    sequence: int
    cause: Cause


class MalformedEventError(ValueError):
    """The record is not a valid event; the text names the fault and no value."""


class Encoder:
    """Turns outbox rows of one service into messages."""

    def __init__(self, service: str) -> None:
        self._fixed = (
            ("ce_specversion", SPEC),
            ("ce_source", f"/dozvon/{service}".encode()),
            ("content-type", JSON),
        )

    def message(self, row: asyncpg.Record) -> Message:
        """Return the message of an outbox row: key, JSON body and headers."""
        key = row["key"].encode()
        headers = [
            *self._fixed,
            ("ce_id", str(row["event_id"]).encode()),
            ("ce_type", row["type"].encode()),
            ("ce_subject", key),
            ("ce_time", row["time"].isoformat().encode()),
            ("ce_sequence", b"%d" % row["sequence"]),
            ("ce_correlationid", str(row["correlation_id"]).encode()),
            ("ce_desk", row["desk"].encode()),
        ]
        if (causation := row["causation_id"]) is not None:
            headers.append(("ce_causationid", str(causation).encode()))
        if (traceparent := row["traceparent"]) is not None:
            headers.append(("traceparent", traceparent.encode()))
        return Message(key, row["body"], headers)


def headers_of(record: Record) -> dict[str, bytes]:
    """Return the headers by name; of a repeated one the last counts."""
    return dict(record.headers)


def read_envelope(headers: Mapping[str, bytes]) -> Envelope:
    """Check and read the attributes. Raises MalformedEventError."""
    _check_mode(headers)
    text = _Texts(headers)
    return Envelope(
        event_id=_event_id(text["ce_id"]),
        type=text["ce_type"],
        key=_key(text["ce_subject"]),
        desk=text["ce_desk"],
        time=_time(text["ce_time"]),
        sequence=read_sequence(headers),
        cause=Cause(
            correlation_id=_uuid("ce_correlationid", text["ce_correlationid"]),
            causation_id=_uuid("ce_causationid", text["ce_causationid"]) if "ce_causationid" in headers else None,
            traceparent=text["traceparent"] if "traceparent" in headers else None,
        ),
    )


def read_sequence(headers: Mapping[str, bytes]) -> int:
    """Return the event's number within its key, from 1. Raises MalformedEventError."""
    value = headers.get("ce_sequence") or b""
    if not value.isdigit() or len(value) > 18 or int(value) < 1:
        raise MalformedEventError("ce_sequence is not a positive number")
    return int(value)


def _check_mode(headers: Mapping[str, bytes]) -> None:
    if headers.get("ce_specversion") != SPEC:
        raise MalformedEventError("ce_specversion is not 1.0")
    content = headers.get("content-type") or b""
    if content != JSON and content.partition(b";")[0].strip().lower() != JSON:
        raise MalformedEventError("content-type is not application/json")
    if not headers.get("ce_source"):
        raise MalformedEventError("ce_source is missing")


class _Texts:
    """Required headers as text that PostgreSQL can store."""

    def __init__(self, headers: Mapping[str, bytes]) -> None:
        self._headers = headers

    def __getitem__(self, name: str) -> str:
        try:
            text = self._headers[name].decode()
        except (KeyError, AttributeError):  # Kafka knows headers without a value
            raise MalformedEventError(f"{name} is missing") from None
        except UnicodeDecodeError:
            raise MalformedEventError(f"{name} is not UTF-8") from None
        if not text or "\x00" in text:
            raise MalformedEventError(f"{name} is empty or has a NUL")
        return text


def _key(text: str) -> str:
    if len(text) > MAX_KEY:
        raise MalformedEventError(f"ce_subject is longer than {MAX_KEY} characters")
    return text


def _uuid(name: str, text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise MalformedEventError(f"{name} is not a UUID") from None


def _event_id(text: str) -> UUID:
    value = _uuid("ce_id", text)
    if value.version != 7:
        raise MalformedEventError("ce_id is not a UUIDv7")
    if value.int >> 80 >= _MAX_MILLISECONDS:
        raise MalformedEventError("ce_id lies too far in the future")
    return value


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise MalformedEventError("ce_time is not RFC 3339") from None
    if time.tzinfo is None:
        raise MalformedEventError("ce_time has no offset")
    try:
        return time.astimezone(UTC)
    except OverflowError:  # east of Greenwich the year 1 starts before the smallest datetime
        raise MalformedEventError("ce_time is out of range") from None
