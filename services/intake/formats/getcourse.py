"""GetCourse: «Вызвать URL» (GET query, POST form or JSON, names chosen by the school) and its newer webhooks.

Placeholders that were not filled come empty or literally; a phone loses its plus; a status is a code or its
Russian title; times are in the account's zone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from libs.common.contracts.shared import OrderStatus
from services.intake.deliveries.rules import DeliveryKind
from services.intake.formats.common import LINK, contacts, currency, marketing, names, reader
from services.intake.formats.config import PageConfig
from services.intake.formats.getcourse_events import event_of, fields_of
from services.intake.formats.orders import PageFormat
from services.intake.formats.payload import object_of
from services.intake.formats.rules import (
    Fact,
    Mapped,
    Noted,
    ParsedItem,
    ParsedOrder,
    RawRequest,
    Reason,
    Unreadable,
    UnreadableError,
)
from services.intake.formats.values import Reader, read_status, status_key
from services.intake.placements.rules import OURS

_NAMES = names(
    external_id="deal_id order_id id deal.id",
    external_number="number deal_number deal.number",
    status="status deal_status deal.status",
    amount="cost_value cost_money_value cost_money cost deal_cost deal_cost_money deal.cost deal.cost_money",
    paid="payed_money paid_money payed_value payed_money_value deal.payed_money",
    currency="currency deal.currency",
    positions="positions offers",
    payment_link="payment_link",
    placed_at="created_at deal_created_at deal.created_at",
    said_at="updated_at deal_updated_at deal.updated_at",
    name="name user_name user.name",
    first_name="first_name user.first_name",
    last_name="last_name user.last_name",
    phone="phone user_phone user.phone",
    email="email user_email user.email",
)

_STATUSES = {
    status_key(word): status
    for status, words in {
        OrderStatus.NEW: ("new", "Новый"),
        OrderStatus.PAID: ("payed", "paid", "Завершен", "Completed", "Complete", "Finished", "Оплачен"),
        OrderStatus.CANCELLED: ("cancelled", "canceled", "Отменен"),
        OrderStatus.IN_WORK: ("in_work", "В работе", "In progress", "In work", "Processing"),
        OrderStatus.AWAITING_PAYMENT: (
            "payment_waiting", "Ожидаем оплаты", "Ожидает оплаты", "Awaiting payment", "Waiting for payment",
            "Payment awaiting", "Payment pending", "Pending payment",
        ),
        OrderStatus.PART_PAID: (
            "part_payed", "part_paid", "Частично оплачен", "Partially paid", "Partly paid", "Part paid",
        ),
        OrderStatus.REFUND_REQUESTED: (
            "waiting_for_return", "Ожидаем возврата", "Ожидает возврата", "Awaiting refund", "Waiting for refund",
            "Waiting for return", "Awaiting return", "Refund pending",
        ),
        OrderStatus.UNCONFIRMED: ("not_confirmed", "Не подтвержден", "Not confirmed", "Unconfirmed"),
        OrderStatus.ON_HOLD: ("pending", "Отложен", "Postponed", "On hold", "Deferred", "Delayed"),
        OrderStatus.FALSE: ("false", "Ложный", "Fake"),
        OrderStatus.REFUNDED: ("refunded", "Возврат", "Возвращен", "Returned"),
    }.items()
    for word in words
}  # fmt: skip


class GetCourseConfig(PageConfig):
    """A school at GetCourse."""

    format: Literal["getcourse"] = "getcourse"


@dataclass(frozen=True)
class GetCourse(PageFormat):
    """Orders of a school; their identifiers come from its database."""

    config: GetCourseConfig

    code = "getcourse"
    Config = GetCourseConfig
    names = _NAMES
    sample: ClassVar[Mapping[str, str]] = {
        "external_id": "id",
        "external_number": "number",
        "first_name": "first_name",
        "last_name": "last_name",
        "phone": "phone",
        "email": "email",
        "positions": "positions",
        "amount": "cost_money",
    }
    weak_ids = False
    numbers_are_ids = True

    def read(self, raw: RawRequest) -> tuple[Fact, ...]:
        """Return what a request says."""
        return (_fact(raw, self.mapped),)


def read(raw: RawRequest, mapped: Mapped) -> ParsedOrder | Unreadable:
    """Read the order of a call of the URL, or of a newer webhook. Never raises."""
    fact = _fact(raw, mapped)
    return Unreadable(Reason.NOT_AN_ORDER) if isinstance(fact, Noted) else fact


def _fact(raw: RawRequest, mapped: Mapped) -> ParsedOrder | Noted | Unreadable:
    try:
        payload = object_of(raw, mapped.charset)
        if (event := event_of(payload)) is None:
            return _read(reader(payload, _NAMES, mapped), mapped)
        fields = fields_of(event)
        if fields is None:
            return Noted(DeliveryKind.PING)  # of a person alone: their orders say who they are
        # The names are GetCourse's own: the source's map is of its URL.
        return _read(reader(fields, _NAMES, replace(mapped, paths={})), mapped)
    except UnreadableError as error:
        return error.answer


def _read(fields: Reader, mapped: Mapped) -> ParsedOrder:
    number = fields.identifier("external_number")
    # A school that sends no id sends the number, unique in its account; an order that we made has a number of ours.
    ours = number is not None and OURS.fullmatch(number)
    external_id = number if ours else fields.identifier("external_id") or number
    word = fields.text("status", 100)
    status = read_status(word, {**_STATUSES, **mapped.statuses}) if word else None
    name, phone, email = contacts(fields)
    title = fields.text("positions", 500)
    return ParsedOrder(
        external_id=external_id,
        external_number=number,
        status=status,
        name=name,
        phone=phone,
        email=email,
        currency=currency(fields, mapped.currency),
        amount=fields.money("amount"),
        paid=fields.money("paid"),
        payment_link=fields.text("payment_link", LINK),
        items=(ParsedItem(title),) if title else (),
        marketing=marketing(fields),
        placed_at=fields.moment("placed_at", mapped.zone),
        said_at=fields.moment("said_at", mapped.zone),
        notes=tuple(fields.notes),
        places=fields.places,
    )
