"""What is right and wrong with a source, on the wire."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, Field

from libs.common.contracts.shared import OrderStatus, Text
from services.intake.deliveries.schemas import RawDelivery
from services.intake.doctor.rules import SnippetKind


class DayView(BaseModel):
    """The deliveries of one day in the source's zone: `received` is the sum of the others."""

    day: date
    received: int
    accepted: int
    repeats: int
    tests: int
    noted: int
    quarantined: int


class LineView(BaseModel):
    """A line of an order as it was understood."""

    title: str
    code: str | None
    quantity: int
    price: Decimal | None


class UnderstoodOrder(BaseModel):
    """An order as it is understood by the source's present settings; `phone` is E.164."""

    external_id: str | None
    external_number: str | None
    status: OrderStatus | None
    name: str | None
    phone: str | None
    phone_raw: str | None
    email: str | None
    amount: Decimal | None
    paid: Decimal | None
    currency: str
    items: list[LineView]
    placed_at: datetime | None
    said_at: datetime | None
    places: Annotated[dict[str, str], Field(description="our field → the payload's name under which it was found")]


class MendView(BaseModel):
    """How a fault is mended: in words, and where it can be said, as the body of a PATCH of the source."""

    field: str
    code: str
    text: Text
    patch: dict[str, object] | None


class UnreadField(BaseModel):
    """A field of a request that no rule reads, and the names that are read and look like its own."""

    name: str
    alike: list[str]


class Readout(BaseModel):
    """What is understood of a request by the source's present settings, and how to mend what is not."""

    understood: list[UnderstoodOrder]
    mends: list[MendView]
    unread: list[UnreadField]


class ExaminedView(Readout):
    """A delivery as it came, and what is understood of it today."""

    delivery: RawDelivery


class SnippetView(BaseModel):
    """Ready text for the sender's side; `<token>` stands for the secret that was shown once."""

    kind: SnippetKind
    text: str


class DoctorView(BaseModel):
    """The last deliveries of a source, its days and what a sender pastes."""

    days: list[DayView]
    deliveries: list[ExaminedView] = Field(description="the newest first")
    rehearsal: Annotated[str, Field(description="the command that tries the source, and the four requests of it")]
    snippets: list[SnippetView]
