"""Parsing Wazzup's webhook bodies (API v3, webhooks): both lists in one body, and undocumented shapes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from services.notifications.delivery.rules import readable

MAX_ID = 200
NO_TIME = datetime.fromtimestamp(0, UTC)  # so that a repeat of a callback without a time is recognised
JsonObject = Mapping[str, object]


class Kind(StrEnum):
    """Kinds of callbacks."""

    STATUS = "status"
    ECHO = "echo"  # an outgoing message: ours, or one that an operator typed on the phone
    INBOUND = "inbound"


class Status(StrEnum):
    """Statuses that move a message."""

    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Callback:
    """One element of a body; `useful`: it can change the state of a message of ours."""

    kind: Kind
    provider_message_id: str
    status: str
    at: datetime
    payload: JsonObject
    useful: bool


@dataclass(frozen=True, slots=True)
class ParsedBody:
    """The callbacks of a body; `unreadable` names the parts that could not be parsed."""

    callbacks: Sequence[Callback]
    unreadable: tuple[str, ...]


def parse(body: object) -> ParsedBody:
    """Parse a webhook body; `{"test": true}` is valid and has no callbacks."""
    if not isinstance(body, dict):
        return ParsedBody((), ("body",))
    callbacks: list[Callback] = []
    unreadable: list[str] = []
    for name, value in body.items():
        if name == "test":
            continue
        elements = value if isinstance(value, list) else [None]
        for place, found in _elements(name, elements):
            if found is None:
                unreadable.append(place)
            else:
                callbacks.append(found)
    return ParsedBody(callbacks, tuple(unreadable))


def _elements(name: str, elements: Sequence[object]) -> Iterator[tuple[str, Callback | None]]:
    reader = {"messages": _message, "statuses": _status}.get(name)
    for number, element in enumerate(elements):
        readable = reader is not None and isinstance(element, dict)
        yield f"{name}[{number}]"[:MAX_ID], reader(element) if readable else None  # type: ignore[misc, arg-type]  # checked above


def _message(element: JsonObject) -> Callback | None:
    message_id = _identifier(element)
    if message_id is None:
        return None
    kind = Kind.ECHO if element.get("isEcho") is True else Kind.INBOUND
    status = str(element.get("status") or kind)[:MAX_ID]
    return Callback(kind, message_id, status, _moment(element.get("dateTime")), element, kind is Kind.ECHO)


def _status(element: JsonObject) -> Callback | None:
    message_id, status = _identifier(element), element.get("status")
    if message_id is None or not isinstance(status, str):
        return None
    at, status = _moment(element.get("timestamp")), status[:MAX_ID].lower()
    return Callback(Kind.STATUS, message_id, status, at, element, status in set(Status))


def _identifier(element: JsonObject) -> str | None:
    value = element.get("messageId")
    return value if isinstance(value, str) and 0 < len(value) <= MAX_ID else None


def _moment(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(str(value))
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # the first and the last day of the calendar exist in some zones only
        return NO_TIME


def error_code(payload: JsonObject) -> str:
    """Return the code of an `error` status of any shape."""
    error = payload.get("error")
    code = error.get("error") if isinstance(error, dict) else error
    return (readable(code) if isinstance(code, str) else "") or "UNKNOWN_ERROR"
