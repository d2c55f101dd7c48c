"""A delivery before and after it is read: data in, decision out, no I/O.

A format reads purely and totally: for any bytes it returns facts.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias
from zoneinfo import ZoneInfo

from libs.common.contracts.shared import OrderStatus
from services.intake.calls.rules import Heard
from services.intake.contacts.rules import Said
from services.intake.deliveries.rules import DeliveryKind

# Numbers that were read are int or Decimal, digit by digit.
Json: TypeAlias = "bool | int | float | Decimal | str | list[Json] | dict[str, Json] | None"
Path: TypeAlias = tuple[str, ...]


# Statuses of an order that is unpaid and can still be paid (S4.2).
UNPAID = frozenset(
    {
        OrderStatus.NEW,
        OrderStatus.UNCONFIRMED,
        OrderStatus.IN_WORK,
        OrderStatus.AWAITING_PAYMENT,
        OrderStatus.ON_HOLD,
    }
)


# Statuses of an order that is paid, or was, and those before: without a newer time none leads back (S4.1).
PAID = frozenset({OrderStatus.PAID, OrderStatus.DONE, OrderStatus.REFUND_REQUESTED, OrderStatus.REFUNDED})
BEFORE_PAID = UNPAID | {OrderStatus.PART_PAID, OrderStatus.CONFIRMED}


_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Reason(StrEnum):
    """The machine-readable reason for the quarantine of a delivery."""

    BAD_JSON = "bad_json"
    BAD_FORM = "bad_form"
    BAD_CHARSET = "bad_charset"
    NOT_AN_OBJECT = "not_an_object"
    NOT_AN_ORDER = "not_an_order"
    UNSUPPORTED_TYPE = "unsupported_type"
    UNSTORABLE = "unstorable"
    UNKNOWN_STATUS = "unknown_status"
    NOT_A_CONTACT = "not_a_contact"  # no call or message that we know
    NO_CONTACT = "no_contact"
    TOO_LARGE = "too_large"
    SEVERAL = "several"  # of releases before: several orders in one request
    READER_FAILED = "reader_failed"  # an error of ours; the log has it


@dataclass(frozen=True, slots=True)
class Note:
    """A note on a delivery: our field, a code, the text as received."""

    field: str
    code: str
    detail: str = ""

    def as_json(self) -> dict[str, str]:
        """Return the note as it is kept and shown."""
        return {name: cleaned(getattr(self, name)) for name in ("field", "code", "detail")}


def cleaned(text: str) -> str:
    """Return text as PostgreSQL can keep it: NUL and lone surrogates are replaced."""
    if text.isascii():
        return text.replace("\x00", "\ufffd")
    return _UNSTORABLE.sub("\ufffd", text)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Not an order by the source's present settings; it goes into quarantine."""

    reason: Reason
    notes: tuple[Note, ...] = ()


class UnreadableError(Exception):
    """Ends a parser with its `Unreadable`; never leaves `read`."""

    def __init__(self, reason: Reason, *notes: Note) -> None:
        super().__init__(reason)
        self.answer = Unreadable(reason, notes)


@dataclass(frozen=True, slots=True)
class RawRequest:
    """A request as received. Header names are lower case; the query string has no question mark.

    `packed`: the body as it was sent, when it came packed; `body` is what it says.
    """

    method: str
    query: bytes
    headers: Mapping[str, str]
    body: bytes
    packed: bytes | None = None

    @property
    def content_type(self) -> str:
        """Return the header as given, empty when there is none."""
        return self.headers.get("content-type", "")


@dataclass(frozen=True, slots=True)
class Mapped:
    """A source's settings for its payloads: paths per field, words for statuses, zone and currency.

    `paths` overrides the format's own names field by field; `statuses` are compared without case. `charset`: of a
    body that names none.
    """

    zone: ZoneInfo
    currency: str = "RUB"
    paths: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    statuses: Mapping[str, OrderStatus] = field(default_factory=dict)
    charset: str | None = None

    def with_charset(self, charset: str | None) -> "Mapped":
        """Return the settings for bodies that name no charset."""
        return replace(self, charset=charset)


@dataclass(frozen=True, slots=True)
class ParsedItem:
    """A line of the order as the source gave it."""

    title: str
    code: str | None = None
    quantity: int = 1
    price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ParsedOrder:
    """A readable delivery. None means not given, so that the stored value stays.

    `said_at` is the sender's own time of this state: an older one never overwrites a newer one (S4.1). `region`:
    the country of a local number (ISO 3166), where the sender says it. `places`: under which name of the payload
    each field was found; it says nothing of the order itself.
    """

    currency: str
    external_id: str | None = None
    external_number: str | None = None
    status: OrderStatus | None = None
    name: str | None = None
    phone: str | None = None
    email: str | None = None
    region: str | None = None
    amount: Decimal | None = None
    paid: Decimal | None = None
    payment_link: str | None = None
    items: tuple[ParsedItem, ...] = ()
    marketing: Mapping[str, str] = field(default_factory=dict)
    placed_at: datetime | None = None
    said_at: datetime | None = None
    notes: tuple[Note, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Noted:
    """Something that is understood and changes nothing of ours: a trial of the sender, a report of no use."""

    kind: DeliveryKind


@dataclass(frozen=True, slots=True)
class Reported:
    """What an exchange says of a command of ours, without a contact."""

    heard: Heard


# What a delivery says; a contact is what its sender says of it.
Fact: TypeAlias = ParsedOrder | Said | Noted | Reported | Unreadable
