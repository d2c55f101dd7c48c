"""Delivery → what is stored of it: the format reads it, the number is checked, the event is begun."""

import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import TypeAlias
from uuid import UUID, uuid5

import orjson

from libs.common.contracts.shared import Signal, ZoneSource
from libs.common.domain.phone import Phone, read_phone
from libs.common.domain.zones import zone_of_phone
from libs.common.platform.telemetry.logs import get_logger
from services.intake.contacts.rules import Said
from services.intake.deliveries.rules import Customer, DeliveryKind, is_false, signals_of
from services.intake.formats.identifiers import identifier_of, is_no_id
from services.intake.formats.rules import (
    Fact,
    Note,
    Noted,
    ParsedItem,
    ParsedOrder,
    RawRequest,
    Reason,
    Reported,
    Unreadable,
    cleaned,
)
from services.intake.orders.rules import FILLED_COLUMNS, filled_of, goods_of
from services.intake.sources.rules import Source

MAX_EVENT = 400 * 1024  # bytes of a lead.received, well below what the outbox takes
MAX_PARTS = 200  # of one delivery, which one transaction stores
MAX_AHEAD = timedelta(minutes=5)  # between a sender's clock and ours
#: Codes of notes that say that a value was left out or may be another.
UNCERTAIN = frozenset({
    "not_an_amount", "not_a_quantity", "not_a_time", "unknown_currency", "not_an_address", "replaced_character",
    "no_digits", "not_a_text",
})  # fmt: skip
# Credentials and cookies are not stored.
_MASKED = frozenset({"authorization", "proxy-authorization", "cookie", "x-source-token"})

log = get_logger(__name__)

cached_phone = lru_cache(maxsize=8192)(read_phone)


@dataclass(frozen=True, slots=True)
class Delivery:
    """An authentic request of a source. `received_at` is business time, `id` a UUIDv7.

    `trial`: an administrator tries the source. Its order is one of its own, of no person who can be called.
    """

    id: UUID
    source: Source
    received_at: datetime
    raw: RawRequest
    traceparent: str | None
    trial: bool = False

    @property
    def repeat_key(self) -> str | None:
        """What all retries of the request carry; a trial is never a repeat."""
        return None if self.trial else self.source.format.repeat_key(self.raw)

    def headers_json(self) -> str:
        """Return the headers to store, secrets masked."""
        kept = {name: "***" if name in _MASKED else cleaned(value) for name, value in self.raw.headers.items()}
        return orjson.dumps(kept).decode()

    def kept_body(self) -> bytes:
        """Return the body without the token of a field, of a form or of JSON."""
        body = self.raw.body
        for name in map(str.encode, self.source.format.token_fields):
            body = re.sub(rb"((?:^|&)" + name + rb"=)[^&]*", rb"\1***", body)
            body = re.sub(rb'("' + name + rb'"\s*:\s*)"(?:[^"\\]|\\.)*"', rb'\1"***"', body)
        return body

    def kept_query(self) -> bytes:
        """Return the query string without the value of `token`."""
        if b"token=" not in self.raw.query:
            return self.raw.query
        return b"&".join(b"token=***" if p.startswith(b"token=") else p for p in self.raw.query.split(b"&"))


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery that was read, its values storable; `store.DELIVERIES` maps it to the statement's columns.

    `phone_key` is the number when it is a possible one, `head` the part of the event that the delivery decides and
    `order_head` that of its order, `size` their bytes. `unsure`: the identifier may belong to another customer by
    now. `before`: the identifier that the same content had, when it came in the window before. `by_names`: the
    order may be known by another name than this one; `number`: its own, where that is one. A batch has no key
    twice.
    """

    delivery: Delivery
    now: datetime
    order: ParsedOrder
    customer: Customer
    external_id: str
    phone_key: str | None
    query: bytes
    body: bytes
    headers: str
    notes: str
    items: str
    marketing: str
    signals: str
    head: str
    order_head: str
    size: int
    webhook_id: str | None
    unsure: bool
    before: str | None
    by_names: bool
    number: str | None
    keys: frozenset[Hashable]

    @property
    def zone(self) -> str:
        """The zone of the number where it has one alone, else the source's."""
        return zone_of_phone(self.phone_key) or self.delivery.source.zone.key

    @property
    def zone_source(self) -> ZoneSource:
        return ZoneSource.DESK if zone_of_phone(self.phone_key) is None else ZoneSource.PHONE


# What a delivery says, each part ready to be stored; an unreadable one becomes a note.
Part: TypeAlias = DeliveryRow | Said | Noted | Reported | Unreadable


@dataclass(frozen=True, slots=True)
class Understood:
    """A delivery that is not one order alone: contacts, what changes nothing of ours, several orders."""

    delivery: Delivery
    parts: tuple[Part, ...]


def parse_delivery(delivery: Delivery, now: datetime) -> DeliveryRow | Understood | Unreadable:
    """Read a delivery by its source's present settings. Never raises."""
    try:
        facts = delivery.source.format.read(delivery.raw)
        match facts:
            case (ParsedOrder() as order,):
                return _row_within_limit(delivery, order, now)
            case (Unreadable() as why,):
                return why
            case _:
                return _understood(delivery, facts, now)
    except Exception:
        # A format must not raise. If one does, the delivery goes into quarantine.
        log.exception("format failed to read delivery", delivery_id=str(delivery.id), source=delivery.source.code)
        return Unreadable(Reason.READER_FAILED)


def _understood(delivery: Delivery, facts: tuple[Fact, ...], now: datetime) -> Understood | Unreadable:
    """Return all parts; what cannot be read stands beside the others, unless there are no others."""
    if len(facts) > MAX_PARTS:
        return Unreadable(Reason.TOO_LARGE, (Note("facts", "too_many", str(len(facts))),))
    parts = [_part(delivery, fact, now, n) for n, fact in enumerate(facts)]
    unread = [part for part in parts if isinstance(part, Unreadable)]
    if len(unread) < len(parts):
        return Understood(delivery, tuple(parts))
    reason = unread[0].reason if unread else Reason.NOT_AN_ORDER
    return Unreadable(reason, tuple(note for each in unread for note in each.notes))


def _part(delivery: Delivery, fact: Fact, now: datetime, n: int) -> Part:
    if not isinstance(fact, ParsedOrder):
        return Noted(DeliveryKind.CONTACT) if delivery.trial and isinstance(fact, Said | Reported) else fact
    row = _row_within_limit(delivery, fact, now, n)
    # The request's key is the delivery's: no order of it has it alone.
    return row if isinstance(row, Unreadable) else without_message_id(row)


def _without_future_time(order: ParsedOrder, delivery: Delivery) -> ParsedOrder:
    """Drop a time in the future: a sender's wrong clock would override every later change (S4.1)."""
    if order.said_at is None or order.said_at <= delivery.received_at + MAX_AHEAD:
        return order
    note = Note("said_at", "ahead_of_time", order.said_at.isoformat())
    return replace(order, said_at=None, notes=(*order.notes, note))


def _with_second_phone(order: ParsedOrder, delivery: Delivery) -> ParsedOrder:
    """Note the further numbers that were written beside the first."""
    phone = _phone(order, delivery.source)
    if phone is None or not phone.others:
        return order
    return replace(order, notes=(*order.notes, Note("phone", "second_phone", ", ".join(phone.others))))


def as_own_order(row: DeliveryRow) -> DeliveryRow:
    """Return the row as an order of its own: its identifier belongs to another customer.

    The new identifier is derived from the old one and the contact, so that a repeat finds the same order.
    """
    customer, given = row.customer, row.external_id
    contact = customer.phone or customer.phone_raw or customer.email
    own = str(uuid5(row.delivery.source.id, f"{given}\n{contact}"))
    note = Note("external_id", "of_another_person", given)
    order = replace(row.order, external_id=own, notes=(*row.order.notes, note))
    return with_sure_id(_row(row.delivery, order, own, row.now))


def with_sure_id(row: DeliveryRow) -> DeliveryRow:
    """Return the row with an identifier that need not be checked again."""
    return replace(row, unsure=False)


def without_message_id(row: DeliveryRow) -> DeliveryRow:
    """Return the row without its message's identifier, which another message has used before."""
    return replace(row, webhook_id=None)


def row_of(delivery: Delivery, order: ParsedOrder, now: datetime) -> DeliveryRow | Unreadable:
    """Return the row of an order that no format has read: a person has made it."""
    return _row_within_limit(delivery, order, now)


def _row_within_limit(
    delivery: Delivery, order: ParsedOrder, now: datetime, n: int = 0
) -> DeliveryRow | Unreadable:
    """Return the row of an order; `n`: the how-manyth part of its delivery it is, from 0."""
    order = _with_second_phone(_without_future_time(order, delivery), delivery)
    order = _tried(order, delivery, n) if delivery.trial else order
    own, before = (order.external_id, None) if order.external_id else _fallback_ids(delivery, n)
    row = _row(delivery, order, own, now, before)
    if row.size > MAX_EVENT:
        return Unreadable(Reason.TOO_LARGE, (Note("items", "too_large"),))
    return row


def _tried(order: ParsedOrder, delivery: Delivery, n: int) -> ParsedOrder:
    """Return the order of a trial: it changes no other, and is of no person who can be written to."""
    return replace(order, external_id=f"test-{delivery.id}-{n + 1}", phone=None, email=None)


def _row(
    delivery: Delivery, order: ParsedOrder, external_id: str, now: datetime, before: str | None = None
) -> DeliveryRow:
    source = delivery.source
    phone = _phone(order, source)
    key = phone.e164 if phone and not is_false(phone) else None
    by_names = source.format.numbers_are_ids and not delivery.trial and bool(order.external_id)
    number = order.external_number if by_names else None
    keys: set[Hashable] = {(source.id, external_id)}
    keys.update({(source.id, number)} if number else ())
    keys.update((source.desk, identity) for identity in (key, order.email) if identity)
    customer = Customer(
        name=order.name,
        phone=phone.e164 if phone else None,
        phone_raw=phone.raw if phone else None,
        email=order.email,
        callable=key is not None,
    )
    items = _items(order.items, order.currency)
    head, order_head = _head(delivery, order, phone), _order_head(order, external_id, items)
    return DeliveryRow(
        delivery=delivery,
        now=now,
        order=order,
        customer=customer,
        external_id=external_id,
        phone_key=key,
        query=delivery.kept_query(),
        body=delivery.kept_body(),
        headers=delivery.headers_json(),
        notes=notes_json(order.notes),
        items=items.decode(),
        marketing=orjson.dumps(order.marketing).decode(),
        signals=",".join(_signals(delivery, order, phone)),
        head=head.decode(),
        order_head=order_head.decode(),
        size=len(head) + len(order_head),
        webhook_id=delivery.repeat_key,
        unsure=source.format.weak_ids,
        before=before,
        by_names=by_names,
        number=number or None,
        keys=frozenset(keys),
    )


def _phone(order: ParsedOrder, source: Source) -> Phone | None:
    return cached_phone(order.phone, order.region or source.region) if order.phone else None


def _signals(delivery: Delivery, order: ParsedOrder, phone: Phone | None) -> Iterator[Signal]:
    """Yield what is recognised about a lead: of its number, and of what could not be read for certain."""
    yield from (Signal.TEST_NUMBER,) if delivery.trial else signals_of(phone, delivery.source.test_prefixes)
    if phone is not None and phone.others:
        yield Signal.OTHER_CONTACT
    if any(note.code in UNCERTAIN for note in order.notes):
        yield Signal.UNCERTAIN


def _fallback_ids(delivery: Delivery, n: int) -> tuple[str, str | None]:
    """Return an identifier for an order without one, and the one that the same content had in the window before.

    It is that of its request, with its place from the second order on; else it is made of the content and the
    window, so that the same content of the source is the same order.
    """
    place, headers, source = f"#{n + 1}" if n else "", delivery.raw.headers, delivery.source
    for name in ("webhook-id", "idempotency-key"):
        given = headers.get(name, "").strip().strip('"')
        if not is_no_id(given):
            return identifier_of(cleaned(given)) + place, None
    if not source.repeats:
        return str(delivery.id) + place, None
    said, window = source.format.digest(delivery.raw), int(delivery.received_at.timestamp()) // source.repeats
    now, before = (str(uuid5(source.id, f"{said}\n{number}")) + place for number in (window, window - 1))
    return now, before


def as_known_order(row: DeliveryRow, external_id: str) -> DeliveryRow:
    """Return the row as one of an order that is known by another identifier."""
    return _row(row.delivery, row.order, external_id, row.now)


def _items(items: tuple[ParsedItem, ...], currency: str) -> bytes:
    # As published: `libs.common.contracts.intake.Item`.
    lines = [
        {"title": item.title, "code": item.code, "quantity": item.quantity, "price": _money(item.price, currency)}
        for item in items
    ]
    return orjson.dumps(lines)


def _order_head(order: ParsedOrder, external_id: str, items: bytes) -> bytes:
    """Return the event's order without the fields that the statement decides, and without its closing brace."""
    values = {name: getattr(order, name, None) for name in FILLED_COLUMNS}
    goods = goods_of([(item.price, item.quantity) for item in order.items])
    amount, paid = _money(order.amount, order.currency), _money(order.paid, order.currency)
    return orjson.dumps(
        {
            "external_id": external_id,
            "external_number": order.external_number,
            "amount": amount,
            "paid": paid,
            "payment_link": order.payment_link,
            "items": orjson.Fragment(items),
            "filled": filled_of(values, order.items),
            "faults": [],
            "totals": {"goods": _money(goods, order.currency), "total": amount, "paid": paid},
        }
    )[:-1]


def _head(delivery: Delivery, order: ParsedOrder, phone: Phone | None) -> bytes:
    """Return the event without the fields that the statement decides, and without its closing brace."""
    source = delivery.source
    return orjson.dumps(
        {
            "source_id": source.id,
            "source": source.code,
            "playbook": source.playbook,
            "contact": None,
            "marketing": order.marketing,
            "language": source.language,
            "received_at": delivery.received_at,
            "partner_id": source.partner_id,
            "person": {
                "name": order.name,
                "phone": phone.e164 if phone else None,
                "phone_raw": phone.raw if phone else None,
                "email": order.email,
                "identities": [],
            },
        }
    )[:-1]


def _money(amount: Decimal | None, currency: str) -> dict[str, str] | None:
    return None if amount is None else {"amount": f"{amount:.2f}", "currency": currency}


def notes_json(notes: tuple[Note, ...]) -> str:
    """Return notes as they are kept with the delivery."""
    return orjson.dumps([note.as_json() for note in notes]).decode() if notes else "[]"
