"""Partners on the wire."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, StrictBool, model_validator

from libs.common.contracts.shared import CallingHours, CallsGoTo, Customer, Identity, Language, Text
from libs.common.domain.code import Code
from libs.common.domain.phone import read_phone
from libs.common.platform.http.wire import NOT_HIDDEN, Name, Patch, Titles, Wire, WrongValueError
from services.intake.contacts.schemas import A_NUMBER, Email, IdentityIn
from services.intake.partners.convert import Card
from services.intake.sources.schemas import Zone

TimeOfDay = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="HH:MM")]
LongText = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"\S")]


def _line(value: str) -> str:
    """Return a line as events of telephony name it: its digits alone."""
    digits = "".join(each for each in value if each.isdigit() and each.isascii())
    if not digits:
        raise WrongValueError("в номере линии нет цифр", "a line has digits")
    return digits


Lines = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_line)], ...], Field(max_length=50)
]
Link = Annotated[str, Field(max_length=2000, pattern=r"^https?://[^\s\x00]+$")]


class PartnerHoursIn(Wire):
    """Working hours of one weekday (ISO 1 to 7), by the clock of the partner's zone."""

    weekday: Annotated[int, Field(ge=1, le=7)]
    opens: TimeOfDay
    closes: TimeOfDay

    @model_validator(mode="after")
    def _opens_first(self) -> Self:
        if self.opens >= self.closes:
            raise WrongValueError("opens должно быть раньше closes", "opens must be before closes")
        return self


Week = Annotated[tuple[PartnerHoursIn, ...], Field(max_length=28, description="none: round the clock")]


class PersonIn(Wire):
    """How a partner is reached: all personal data of a card."""

    name: Annotated[Name, NOT_HIDDEN] | None = None
    phone: Annotated[str, Field(min_length=1, max_length=64), A_NUMBER] | None = None
    email: Email | None = None
    identities: Annotated[tuple[IdentityIn, ...], Field(max_length=20)] = ()

    def customer(self) -> Customer:
        """Return the person as published; the number in E.164 beside what was typed."""
        phone = read_phone(self.phone) if self.phone else None
        return Customer(
            name=self.name,
            phone=phone.e164 if phone else None,
            phone_raw=phone.raw if phone else None,
            email=self.email,
            identities=tuple(Identity(kind=each.kind, value=each.value) for each in self.identities),
        )


class PartnerIn(Wire):
    """A new partner of a desk (S0.12). `operator_id` works their leads, `consultant_id` minds the card (S0.14).

    `lines` are the telephone lines that are called for this partner, `calls_go_to` who takes those calls (S0.4).
    `listens`: the partner may listen to recordings of calls with customers of their own leads.
    """

    desk: Code
    code: Code
    title: Titles
    language: Language = Language.RU
    zone: Zone
    hours: Week = ()
    calls_go_to: CallsGoTo = CallsGoTo.OPERATOR
    operator_id: UUID | None = None
    consultant_id: UUID | None = None
    address: LongText | None = None
    site: LongText | None = None
    card_link: Link | None = None
    cabinet_link: Link | None = None
    lines: Lines = ()
    person: PersonIn = PersonIn()
    active: bool = True
    listens: StrictBool = False

    def card(self) -> Card:
        """Return what may change later."""
        return Card(
            title=self.title.model_dump(),
            language=self.language,
            zone=self.zone,
            hours=spans(self.hours),
            calls_go_to=self.calls_go_to,
            operator_id=self.operator_id,
            consultant_id=self.consultant_id,
            address=self.address,
            site=self.site,
            person=self.person.customer(),
            active=self.active,
            card_link=self.card_link,
            cabinet_link=self.cabinet_link,
            lines=self.lines,
            listens=self.listens,
        )


class PartnerPatch(Patch):
    """The members that may change; absent ones stay. `null` takes away persons, address, site and links."""

    takes_away = frozenset({"operator_id", "consultant_id", "address", "site", "card_link", "cabinet_link"})

    title: Titles | None = None
    language: Language | None = None
    zone: Zone | None = None
    hours: Week | None = None
    calls_go_to: CallsGoTo | None = None
    operator_id: UUID | None = None
    consultant_id: UUID | None = None
    address: LongText | None = None
    site: LongText | None = None
    card_link: Link | None = None
    cabinet_link: Link | None = None
    lines: Lines | None = None
    person: PersonIn | None = None
    active: bool | None = None
    listens: StrictBool | None = None

    def applied(self, card: Card) -> Card:
        """Return the card with what is given."""
        given = self.model_fields_set
        return Card(
            title=self.title.model_dump() if self.title else card.title,
            language=self.language or card.language,
            zone=self.zone or card.zone,
            hours=card.hours if self.hours is None else spans(self.hours),
            calls_go_to=self.calls_go_to or card.calls_go_to,
            operator_id=self.operator_id if "operator_id" in given else card.operator_id,
            consultant_id=self.consultant_id if "consultant_id" in given else card.consultant_id,
            address=self.address if "address" in given else card.address,
            site=self.site if "site" in given else card.site,
            person=self.person.customer() if self.person else card.person,
            active=card.active if self.active is None else self.active,
            card_link=self.card_link if "card_link" in given else card.card_link,
            cabinet_link=self.cabinet_link if "cabinet_link" in given else card.cabinet_link,
            lines=card.lines if self.lines is None else self.lines,
            listens=card.listens if self.listens is None else self.listens,
        )


class PartnerView(BaseModel):
    """A partner as staff of the desk see them."""

    id: UUID
    desk: str
    code: str
    title: Text
    language: Language
    zone: str
    hours: list[CallingHours]
    calls_go_to: CallsGoTo
    operator_id: UUID | None
    consultant_id: UUID | None
    address: str | None
    site: str | None
    card_link: str | None
    cabinet_link: str | None
    lines: list[str]
    person: Customer
    active: bool
    listens: bool
    created_at: datetime
    updated_at: datetime
    version: int


def spans(hours: tuple[PartnerHoursIn, ...]) -> tuple[CallingHours, ...]:
    """Return working hours as published."""
    return tuple(CallingHours.model_validate(each.model_dump()) for each in hours)
