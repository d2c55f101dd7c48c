"""Landing pages: the Standard Webhooks envelope `{type, timestamp, data}`, a plain JSON object, or a form."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from libs.common.contracts.shared import OrderStatus
from services.intake.formats.common import LINK, contacts, currency, marketing, names, reader
from services.intake.formats.config import PageConfig
from services.intake.formats.items import items_of, sum_of
from services.intake.formats.orders import PageFormat
from services.intake.formats.payload import object_of
from services.intake.formats.rules import (
    Fact,
    Json,
    Mapped,
    Note,
    ParsedOrder,
    RawRequest,
    Reason,
    Unreadable,
    UnreadableError,
)
from services.intake.formats.values import Reader, read_status, status_key

_NAMES = names(
    external_id=(
        "external_id order_id orderid id tranid transaction_id transactionid submission_id submissionid response_id"
        " responseid entry_id entryid lead_id leadid leadgen_id request_id requestid uuid"
    ),
    external_number="external_number order_number number",
    status="status",
    name="customer.name name fio",
    first_name="customer.first_name first_name",
    last_name="customer.last_name last_name",
    phone="customer.phone phone tel",
    email="customer.email email",
    amount="total amount sum",
    paid="paid",
    currency="total.currency currency",
    items="items",
    product="product product_name offer",
    quantity="quantity",
    price="price",
    payment_link="payment_link",
    placed_at="created_at",
    said_at="updated_at",
)
_STATUSES = {status_key(status.value): status for status in OrderStatus}
_TYPES = {
    "order.created": None,
    "order.updated": None,
    "order.paid": OrderStatus.PAID,
    "order.cancelled": OrderStatus.CANCELLED,
}


class LandingConfig(PageConfig):
    """A landing page, or anything else that a script of the client posts."""

    format: Literal["landing"] = "landing"


@dataclass(frozen=True)
class Landing(PageFormat):
    """Orders of landing pages. A page's script makes its identifiers, and some use one for all orders."""

    config: LandingConfig

    code = "landing"
    Config = LandingConfig
    names = _NAMES
    sample: ClassVar[Mapping[str, str]] = {
        "external_id": "external_id",
        "name": "name",
        "phone": "phone",
        "email": "email",
        "product": "product",
        "amount": "total",
    }

    also_read = frozenset({"type", "timestamp", "orders"})

    def payload(self, raw: RawRequest) -> dict[str, Json]:
        """Return what the envelope holds, or the request itself. Raises UnreadableError."""
        return _unwrap(super().payload(raw))[0]

    def read(self, raw: RawRequest) -> tuple[Fact, ...]:
        """Return what a request says: an order, or those of its list `orders`."""
        try:
            payload, status = _unwrap(object_of(raw, self.mapped.charset))
        except UnreadableError as error:
            return (error.answer,)
        several = payload.get("orders")
        if not isinstance(several, list) or not several:
            return (_order(payload, self.mapped, status),)
        common = {name: value for name, value in payload.items() if name != "orders"}
        return tuple(_order_in(common, each, self.mapped, status) for each in several)


def read(raw: RawRequest, mapped: Mapped) -> ParsedOrder | Unreadable:
    """Read an order of a landing page. Never raises."""
    try:
        payload, status = _unwrap(object_of(raw, mapped.charset))
    except UnreadableError as error:
        return error.answer
    return _order(payload, mapped, status)


def _order_in(
    common: dict[str, Json], order: Json, mapped: Mapped, status: OrderStatus | None
) -> ParsedOrder | Unreadable:
    """Read one order of a list; what stands beside the list counts for all that do not say it themselves."""
    if not isinstance(order, dict):
        return Unreadable(Reason.NOT_AN_OBJECT)
    return _order({**common, **order}, mapped, status)


def _order(payload: dict[str, Json], mapped: Mapped, status: OrderStatus | None) -> ParsedOrder | Unreadable:
    try:
        return _read(reader(payload, _NAMES, mapped), mapped, status)
    except UnreadableError as error:
        return error.answer


def _unwrap(payload: dict[str, Json]) -> tuple[dict[str, Json], OrderStatus | None]:
    data, kind = payload.get("data"), payload.get("type")
    if not isinstance(data, dict) or not isinstance(kind, str):
        return payload, None
    if kind not in _TYPES:
        raise UnreadableError(Reason.NOT_AN_ORDER, Note("type", "unknown_type", kind[:100]))
    return {"updated_at": payload.get("timestamp"), **data}, _TYPES[kind]


def _read(fields: Reader, mapped: Mapped, status: OrderStatus | None) -> ParsedOrder:
    word = fields.text("status", 100)
    if word:
        status = read_status(word, {**_STATUSES, **mapped.statuses})
    name, phone, email = contacts(fields)
    items, amount = items_of(fields), fields.money("amount")
    return ParsedOrder(
        external_id=fields.identifier("external_id"),
        external_number=fields.identifier("external_number"),
        status=status,
        name=name,
        phone=phone,
        email=email,
        currency=currency(fields, mapped.currency),
        amount=sum_of(items) if amount is None else amount,
        paid=fields.money("paid"),
        payment_link=fields.text("payment_link", LINK),
        items=items,
        marketing=marketing(fields),
        placed_at=fields.moment("placed_at", mapped.zone),
        said_at=fields.moment("said_at", mapped.zone),
        notes=tuple(fields.notes),
        places=fields.places,
    )
