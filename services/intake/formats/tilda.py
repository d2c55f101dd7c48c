"""Tilda: forms and carts of a site builder, as a form or JSON, names of fields chosen by the site's author.

A cart comes in bracketed names, as an object, or as JSON inside of the field `payment`; its lines as objects or as
text. `tranid` names one submission, `orderid` the cart: it comes again when the cart has been paid.
(help-ru.tilda.cc/forms/webhook)
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal
from urllib.parse import parse_qsl, unquote

from libs.common.contracts.shared import OrderStatus
from services.intake.deliveries.rules import DeliveryKind
from services.intake.formats.base import OK, Answer, Reply
from services.intake.formats.common import contacts, currency, marketing, names, reader
from services.intake.formats.config import Auth, OrderConfig
from services.intake.formats.identifiers import identifier_of, is_no_id
from services.intake.formats.items import MAX_ITEMS, items_of, sum_of
from services.intake.formats.orders import OrderFormat
from services.intake.formats.payload import object_of, opened
from services.intake.formats.rules import (
    Fact,
    Json,
    Mapped,
    Noted,
    ParsedOrder,
    RawRequest,
    UnreadableError,
    cleaned,
)

_NAMES = names(
    external_id="payment.orderid tranid",
    external_number="payment.orderid",
    name="name fio имя",
    first_name="first_name firstname",
    last_name="last_name lastname",
    phone="phone tel телефон",
    email="email e-mail",
    amount="payment.amount",
    currency="payment.currency currency",
    items="payment.products",
)
# `Крем - 2x1800 = 3600`
_LINE = re.compile(r"(?P<name>.{1,500}) - (?P<quantity>\d{1,6})\s?x\s?(?P<price>[\d., ]{1,20}) =.*", re.DOTALL)


class TildaConfig(OrderConfig):
    """A site at Tilda. Nothing is signed: the token comes in the address, or as the API key `token` of the form."""

    format: Literal["tilda"] = "tilda"
    auth: Literal[Auth.NONE, Auth.TOKEN] = Auth.TOKEN


@dataclass(frozen=True)
class Tilda(OrderFormat):
    """Forms and carts of a site."""

    config: TildaConfig

    code = "tilda"
    Config = TildaConfig
    names = _NAMES
    sample: ClassVar[Mapping[str, str]] = {
        "external_id": "tranid",
        "name": "Name",
        "phone": "Phone",
        "email": "Email",
    }
    token_fields: ClassVar[tuple[str, ...]] = ("token",)

    also_read = frozenset({"test", "cookies", "payment.systranid", "payment.promocode"})

    def payload(self, raw: RawRequest) -> dict[str, Json]:
        """Return the fields of the form, its cart as an object. Raises UnreadableError."""
        return _payload(raw, self.mapped)

    def read(self, raw: RawRequest) -> tuple[Fact, ...]:
        """Return what a request says."""
        try:
            payload = _payload(raw, self.mapped)
            if payload.get("test") == "test" and "tranid" not in payload:
                return (Noted(DeliveryKind.PING),)
            return (_read(payload, self.mapped),)
        except UnreadableError as error:
            return (error.answer,)

    def repeat_key(self, raw: RawRequest) -> str | None:
        """Return the submission, and its payment: a cart that is paid is no repeat of the one that was not."""
        try:
            payload = _payload(raw, self.mapped)
        except UnreadableError:
            return None
        given = payload.get("tranid")
        if not isinstance(given, str) or is_no_id(given):
            return None
        return identifier_of(cleaned(f"{given.strip()}:{_transaction(payload)}"))

    def reply(self, answer: Answer) -> Reply:
        """Return 200 within five seconds: anything else is sent twice again."""
        del answer
        return OK


def _payload(raw: RawRequest, mapped: Mapped) -> dict[str, Json]:
    """Return the payload with its cart as an object and its marks as an object."""
    payload = object_of(raw, mapped.charset)
    cart = opened(payload.get("payment"))
    if not isinstance(cart, dict):
        return {**payload, "marketing": _cookie_marks(payload)}
    marks = {**_cookie_marks(payload), "promocode": cart.get("promocode")}
    return {**payload, "payment": {**cart, "products": _products(cart.get("products"))}, "marketing": marks}


def _read(payload: dict[str, Json], mapped: Mapped) -> ParsedOrder:
    fields = reader(payload, _NAMES, mapped)
    name, phone, email = contacts(fields)
    items, amount = items_of(fields), fields.money("amount")
    amount = sum_of(items) if amount is None else amount
    paid = bool(_transaction(payload))
    return ParsedOrder(
        external_id=fields.identifier("external_id"),
        external_number=fields.identifier("external_number"),
        status=OrderStatus.PAID if paid else None,
        name=name,
        phone=phone,
        email=email,
        currency=currency(fields, mapped.currency),
        amount=amount,
        paid=amount if paid else None,
        items=items,
        marketing=marketing(fields),
        notes=tuple(fields.notes),
        places=fields.places,
    )


def _transaction(payload: dict[str, Json]) -> str:
    """Return the payment system's transaction, empty while the cart is unpaid: there is none, or `0`."""
    cart = payload.get("payment")
    given = cart.get("systranid") if isinstance(cart, dict) else None
    text = str(given).strip() if isinstance(given, str | int) and not isinstance(given, bool) else ""
    return "" if is_no_id(text) else text


def _products(value: Json) -> Json:
    """Return the lines of a cart as objects; one in words is taken apart."""
    lines = opened(value)
    return [_product(line) for line in lines[: MAX_ITEMS + 1]] if isinstance(lines, list) else lines


def _product(line: Json) -> Json:
    match = _LINE.fullmatch(line[:1000]) if isinstance(line, str) else None
    return dict(match.groupdict()) if match else line


def _cookie_marks(payload: dict[str, Json]) -> dict[str, Json]:
    """Return the marks that Tilda keeps in a cookie: `TILDAUTM=utm_source%3Dvk%7C%7C%7Cutm_medium%3Dcpc`."""
    cookies = payload.get("cookies", payload.get("COOKIES"))
    if not isinstance(cookies, str):
        return {}
    for part in cookies.split(";"):
        name, _, value = part.strip().partition("=")
        if name.upper() == "TILDAUTM":
            pairs = (parse_qsl(mark) for mark in unquote(value[:4000]).split("|||"))
            return {name: mark for found in pairs for name, mark in found}
    return {}
