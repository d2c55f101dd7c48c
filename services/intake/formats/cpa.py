"""Affiliate networks in the shape of cpa.tl: a form with the order of a webmaster's customer, answered in JSON.

`id` is the network's own and names the order in its source; who brought the customer is kept as marketing. The
answer to an order that cannot be read is an error with status 200: networks repeat what is answered 5xx.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import orjson

from services.intake.deliveries.rules import DeliveryKind, Disposition
from services.intake.formats.base import Answer, Reply
from services.intake.formats.common import contacts, currency, marketing, names, reader
from services.intake.formats.config import Auth, OrderConfig
from services.intake.formats.items import items_of, sum_of
from services.intake.formats.orders import OrderFormat
from services.intake.formats.payload import object_of
from services.intake.formats.rules import Fact, Json, Mapped, Noted, ParsedOrder, RawRequest, UnreadableError

_NAMES = names(
    external_id="id",
    external_number="id",
    name="name fio",
    phone="phone",
    email="email",
    product="offer_id offer",
    price="price",
    amount="price",
    currency="currency",
)
# The network's names of marks → ours (`common.marketing`).
_MARKS = {"stream_hid": "flow", "web_id": "webmaster", "wm": "webmaster"}


class CpaConfig(OrderConfig):
    """A network. Its key comes as the form's field `key`, or as the token of the address."""

    format: Literal["cpa"] = "cpa"
    auth: Literal[Auth.NONE, Auth.TOKEN] = Auth.TOKEN


@dataclass(frozen=True)
class Cpa(OrderFormat):
    """Orders of a network's webmasters."""

    config: CpaConfig

    code = "cpa"
    Config = CpaConfig
    names = _NAMES
    sample: ClassVar[Mapping[str, str]] = {
        "external_id": "id",
        "name": "name",
        "phone": "phone",
        "product": "offer",
        "amount": "price",
    }
    also_read = frozenset({*_MARKS, "country"})
    token_fields: ClassVar[tuple[str, ...]] = ("key",)

    def read(self, raw: RawRequest) -> tuple[Fact, ...]:
        """Return what a request says; a postback has a status and no customer: it repeats what we know."""
        try:
            payload = object_of(raw, self.mapped.charset)
            if payload.keys() >= {"id", "status"} and "phone" not in payload:
                return (Noted(DeliveryKind.ORDER),)
            return (_read(payload, self.mapped),)
        except UnreadableError as error:
            return (error.answer,)

    def reply(self, answer: Answer) -> Reply:
        """Return our id of the order, or why it was not taken."""
        document = {"status": "ok", "id": str(answer.lead_id) if answer.lead_id else None}
        if answer.disposition is Disposition.QUARANTINED:
            document = {"status": "error", "error": answer.reason}
        return Reply(200, orjson.dumps(document), "application/json")


def _read(payload: dict[str, Json], mapped: Mapped) -> ParsedOrder:
    marks = {ours: payload[theirs] for theirs, ours in _MARKS.items() if payload.get(theirs)}
    fields = reader({**payload, "marketing": dict(marks)}, _NAMES, mapped)
    name, phone, email = contacts(fields)
    items = items_of(fields)
    amount = fields.money("amount")
    return ParsedOrder(
        external_id=fields.identifier("external_id"),
        external_number=fields.identifier("external_number"),
        name=name,
        phone=phone,
        email=email,
        region=_region(payload.get("country")),
        currency=currency(fields, mapped.currency),
        amount=sum_of(items) if amount is None else amount,
        items=items,
        marketing=marketing(fields),
        notes=tuple(fields.notes),
        places=fields.places,
    )


def _region(value: Json) -> str | None:
    """Return a country of ISO 3166 in capitals, None for anything else."""
    code = value.strip().upper() if isinstance(value, str) else ""
    return code if len(code) == 2 and code.isascii() and code.isalpha() else None
