"""From a request to what the accepting statement is given: read, number checked, event begun."""

from collections.abc import Hashable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from uuid import UUID, uuid5

import orjson

from libs.common.domain.phone import Phone, read_phone
from libs.common.platform.telemetry.logs import get_logger
from services.intake.deliveries.rules import Person, is_false, signals_of
from services.intake.formats.identifiers import identifier_of, is_no_id
from services.intake.formats.read import read
from services.intake.formats.rules import (
    WEAK_IDS,
    Note,
    ParsedItem,
    ParsedOrder,
    RawRequest,
    Reason,
    Unreadable,
    cleaned,
)
from services.intake.sources.rules import Auth, Source

MAX_EVENT = 400 * 1024  # bytes of a lead.received, well below what the outbox takes
MAX_AHEAD = timedelta(minutes=5)  # between a sender's clock and ours
# What proves the sender or belongs to a browser session is of no use later, so it is not kept.
_MASKED = frozenset({"authorization", "proxy-authorization", "cookie", "x-source-token"})

log = get_logger(__name__)

cached_phone = lru_cache(maxsize=8192)(read_phone)


@dataclass(frozen=True, slots=True)
class Delivery:
    """An authentic request of a source. `received_at` is business time, `id` a UUIDv7."""

    id: UUID
    source: Source
    received_at: datetime
    raw: RawRequest
    traceparent: str | None

    def headers_json(self) -> str:
        """Return the headers as they are kept: without secrets, storable."""
        kept = {name: "***" if name in _MASKED else cleaned(value) for name, value in self.raw.headers.items()}
        return orjson.dumps(kept).decode()

    def kept_query(self) -> bytes:
        """Return the query string without the value of `token`."""
        if b"token=" not in self.raw.query:
            return self.raw.query
        return b"&".join(b"token=***" if p.startswith(b"token=") else p for p in self.raw.query.split(b"&"))


@dataclass(frozen=True, slots=True)
class Admission:
    """A readable delivery, everything of it storable; `rows` says which column is where.

    `phone_key` is the number when somebody can have it, `head` the event as far as the delivery decides it,
    `size` its bytes; `unsure`: the identifier may be somebody else's by now. `keys` must not meet in a batch.
    """

    delivery: Delivery
    now: datetime
    order: ParsedOrder
    person: Person
    external_id: str
    phone_key: str | None
    query: bytes
    headers: str
    notes: str
    items: str
    marketing: str
    signals: str
    head: str
    size: int
    webhook_id: str | None
    unsure: bool
    keys: frozenset[Hashable]


def admit(delivery: Delivery, now: datetime) -> Admission | Unreadable:
    """Read a delivery by its source's present settings. Never raises, whatever the bytes are."""
    try:
        order = read(delivery.source.format, delivery.raw, delivery.source.mapped)
        return order if isinstance(order, Unreadable) else _admit(delivery, _timely(order, delivery), now)
    except Exception:
        # Formats are total; should one not be, the delivery must not pay for it.
        log.exception("delivery not read", delivery_id=str(delivery.id), source=delivery.source.code)
        return Unreadable(Reason.READER_FAILED)


def _timely(order: ParsedOrder, delivery: Delivery) -> ParsedOrder:
    """Return the order without a time that a wrong clock said: it would outdo every later statement (S4.1)."""
    if order.said_at is None or order.said_at <= delivery.received_at + MAX_AHEAD:
        return order
    note = Note("said_at", "ahead_of_time", order.said_at.isoformat())
    return replace(order, said_at=None, notes=(*order.notes, note))


def apart(admission: Admission) -> Admission:
    """Return the delivery as an order of its own, because its identifier has been given to somebody else.

    The new identifier follows from the old one and the contact, so that what comes again finds the same order.
    """
    person, given = admission.person, admission.external_id
    contact = person.phone or person.phone_raw or person.email
    own = str(uuid5(admission.delivery.source.id, f"{given}\n{contact}"))
    note = Note("external_id", "of_another_person", given)
    order = replace(admission.order, external_id=own, notes=(*admission.order.notes, note))
    return sure(_built(admission.delivery, order, own, admission.now))


def sure(admission: Admission) -> Admission:
    """Return the delivery with its identifier taken at its word."""
    return replace(admission, unsure=False)


def unnamed(admission: Admission) -> Admission:
    """Return the delivery without its message's identifier, which another message has used before."""
    return replace(admission, webhook_id=None)


def _admit(delivery: Delivery, order: ParsedOrder, now: datetime) -> Admission | Unreadable:
    admission = _built(delivery, order, order.external_id or _fallback_id(delivery), now)
    if admission.size > MAX_EVENT:
        return Unreadable(Reason.TOO_LARGE, (Note("items", "too_large"),))
    return admission


def _built(delivery: Delivery, order: ParsedOrder, external_id: str, now: datetime) -> Admission:
    source = delivery.source
    phone = cached_phone(order.phone, source.region) if order.phone else None
    key = phone.e164 if phone and not is_false(phone) else None
    keys: set[Hashable] = {(source.id, external_id)}
    keys.update((source.desk, identity) for identity in (key, order.email) if identity)
    person = Person(
        name=order.name,
        phone=phone.e164 if phone else None,
        phone_raw=phone.raw if phone else None,
        email=order.email,
        callable=key is not None,
    )
    items = _items(order.items, order.currency)
    head = _head(delivery, order, phone, external_id, items)
    return Admission(
        delivery=delivery,
        now=now,
        order=order,
        person=person,
        external_id=external_id,
        phone_key=key,
        query=delivery.kept_query(),
        headers=delivery.headers_json(),
        notes=notes_json(order.notes),
        items=items.decode(),
        marketing=orjson.dumps(order.marketing).decode(),
        signals=",".join(signals_of(phone, source.test_prefixes)),
        head=head.decode(),
        size=len(head),
        webhook_id=_message_id(delivery),
        unsure=source.format in WEAK_IDS,
        keys=frozenset(keys),
    )


def _fallback_id(delivery: Delivery) -> str:
    headers = delivery.raw.headers
    for name in ("webhook-id", "idempotency-key"):
        given = headers.get(name, "").strip().strip('"')
        if not is_no_id(given):
            return identifier_of(cleaned(given))
    return str(delivery.id)


def _items(items: tuple[ParsedItem, ...], currency: str) -> bytes:
    # As published: `libs.common.contracts.intake.Item`.
    lines = [
        {"title": item.title, "code": item.code, "quantity": item.quantity, "price": _money(item.price, currency)}
        for item in items
    ]
    return orjson.dumps(lines)


def _head(delivery: Delivery, order: ParsedOrder, phone: Phone | None, external_id: str, items: bytes) -> bytes:
    """Return the event without what the statement decides, and without its closing brace."""
    source = delivery.source
    return orjson.dumps(
        {
            "source_id": source.id,
            "source": source.code,
            "playbook": source.playbook,
            "external_id": external_id,
            "external_number": order.external_number,
            "amount": _money(order.amount, order.currency),
            "payment_link": order.payment_link,
            "items": orjson.Fragment(items),
            "marketing": order.marketing,
            "language": source.language,
            "zone": source.mapped.zone.key,
            "received_at": delivery.received_at,
            "person": {
                "name": order.name,
                "phone": phone.e164 if phone else None,
                "phone_raw": phone.raw if phone else None,
                "email": order.email,
            },
        }
    )[:-1]


def _money(amount: Decimal | None, currency: str) -> dict[str, str] | None:
    return None if amount is None else {"amount": f"{amount:.2f}", "currency": currency}


def _message_id(delivery: Delivery) -> str | None:
    """Return the `webhook-id` that was signed: the sender's retries of one message carry the same one."""
    if delivery.source.auth is not Auth.SIGNATURE:
        return None
    given = delivery.raw.headers.get("webhook-id")
    return None if given is None or is_no_id(given) else cleaned(given)


def notes_json(notes: tuple[Note, ...]) -> str:
    """Return notes as they are kept with the delivery."""
    return orjson.dumps([{k: cleaned(v) for k, v in asdict(n).items()} for n in notes]).decode() if notes else "[]"
