"""Tally: the answers of a form as JSON, signed over the very bytes when the form has a signing secret.

An answer is named by its label, in the words of the form's owner: the source's map says which is which. Phone and
e-mail are known by their kind all the same, and hidden fields have the names of the address they came by.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from services.intake.deliveries.rules import DeliveryKind
from services.intake.formats.base import Proof
from services.intake.formats.common import contacts, currency, marketing, names, reader
from services.intake.formats.config import Auth, OrderConfig
from services.intake.formats.examples import example_fields, json_of
from services.intake.formats.items import items_of, sum_of
from services.intake.formats.orders import OrderFormat
from services.intake.formats.payload import object_of
from services.intake.formats.proof import proof_of
from services.intake.formats.rules import (
    Fact,
    Json,
    Mapped,
    Noted,
    ParsedOrder,
    RawRequest,
    Reason,
    Unreadable,
    UnreadableError,
    cleaned,
)

_RESPONSE = "FORM_RESPONSE"
_OWN = ("submissionId", "responseId", "createdAt")
_NAMES = names(
    external_id="submissionId responseId",
    name="name имя фио",
    phone="phone input_phone_number",
    email="email input_email",
    items="items product service услуга товар",
    amount="amount total",
    placed_at="createdAt",
)
_KNOWN_KINDS = frozenset({"INPUT_PHONE_NUMBER", "INPUT_EMAIL"})


class TallyConfig(OrderConfig):
    """A form. Its secret is entered in Tally as the signing secret of the webhook."""

    format: Literal["tally"] = "tally"
    auth: Literal[Auth.NONE, Auth.TOKEN] = Auth.TOKEN


@dataclass(frozen=True)
class Tally(OrderFormat):
    """Answers of a form."""

    config: TallyConfig

    code = "tally"
    Config = TallyConfig
    names = _NAMES
    sample: ClassVar[Mapping[str, str]] = {
        "external_id": "submissionId",
        "name": "name",
        "phone": "phone",
        "email": "email",
        "product": "product",
    }
    weak_ids = False

    @property
    def ways(self) -> tuple[str, ...]:
        """How a request may prove its sender, for who has not."""
        return ("header Tally-Signature: HMAC-SHA256 of the body by the signing secret",)

    def verify(self, raw: RawRequest) -> Proof:
        """Return whether `Tally-Signature` is the HMAC-SHA256 of the bytes, by one of the secrets."""
        if self.config.auth is Auth.NONE:
            return Proof.CURRENT
        return proof_of(raw.headers.get("tally-signature"), [_sign(raw.body, secret) for secret in self.secrets])

    def payload(self, raw: RawRequest) -> dict[str, Json]:
        """Return the answers by their labels. Raises UnreadableError."""
        data = super().payload(raw).get("data")
        return _fields(data) if isinstance(data, dict) else {}

    def read(self, raw: RawRequest) -> tuple[Fact, ...]:
        """Return what a request says; only answers are of use."""
        try:
            event = object_of(raw, self.mapped.charset)
            if event.get("eventType") != _RESPONSE:
                return (Noted(DeliveryKind.PING),)
            return (_read(event, self.mapped),)
        except UnreadableError as error:
            return (error.answer,)

    def example(self, at: datetime) -> RawRequest:
        """Return the answers of a form."""
        said = example_fields(self.sample, self.config.field_map)
        answers: list[Json] = [{"label": name, "value": value} for name, value in said.items()]
        return json_of({"eventType": _RESPONSE, "data": {"createdAt": at.isoformat(), "fields": answers}})

    def repeat_key(self, raw: RawRequest) -> str | None:
        """Return the event's id, which retries share."""
        try:
            event_id = object_of(raw, self.mapped.charset).get("eventId")
        except UnreadableError:
            return None
        return cleaned(event_id)[:200] if isinstance(event_id, str) and event_id.strip() else None


def _sign(body: bytes, secret: str) -> str:
    digest = hmac.new(secret.encode("utf-8", "surrogatepass"), body, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def _read(event: dict[str, Json], mapped: Mapped) -> ParsedOrder | Unreadable:
    data = event.get("data")
    if not isinstance(data, dict):
        return Unreadable(Reason.NOT_AN_ORDER)
    fields = reader(_fields(data), _NAMES, mapped)
    name, phone, email = contacts(fields)
    items, amount = items_of(fields), fields.money("amount")
    return ParsedOrder(
        external_id=fields.identifier("external_id"),
        name=name,
        phone=phone,
        email=email,
        currency=currency(fields, mapped.currency),
        amount=sum_of(items) if amount is None else amount,
        items=items,
        marketing=marketing(fields),
        placed_at=fields.moment("placed_at", mapped.zone),
        notes=tuple(fields.notes),
        places=fields.places,
    )


def _fields(data: dict[str, Json]) -> dict[str, Json]:
    """Return the answers by their labels, and what the form says of itself."""
    return {**dict(_answers(data.get("fields"))), **{name: data.get(name) for name in _OWN}}


def _answers(fields: Json) -> Iterator[tuple[str, Json]]:
    """Yield label and answer of each field; choices as the texts that were chosen."""
    for field in fields if isinstance(fields, list) else []:
        if not isinstance(field, dict):
            continue
        value = _chosen(field)
        if value is None or isinstance(value, bool):
            continue
        if isinstance(label := field.get("label"), str):
            yield label.strip(), value
        if (kind := field.get("type")) in _KNOWN_KINDS:
            yield str(kind).lower(), value


def _chosen(field: dict[str, Json]) -> Json:
    value, options = field.get("value"), field.get("options")
    if not isinstance(value, list) or not isinstance(options, list):
        return value
    texts = {str(each.get("id")): each.get("text") for each in options if isinstance(each, dict)}
    return [texts.get(str(one), one) for one in value]
