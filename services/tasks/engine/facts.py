"""What a process is about, and what is known of it: order, contact and customer may each be missing."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Self
from uuid import UUID

from libs.common.contracts.shared import (
    AccessAction,
    AccessStatus,
    AppointmentParty,
    AppointmentStep,
    PaymentKind,
    PaymentStatus,
    RefundState,
    SubjectKind,
)
from services.tasks.playbooks.conditions import PartnerPart
from services.tasks.playbooks.terms import Title


@dataclass(frozen=True, slots=True)
class Subject:
    """What a process is about: a lead, a customer, a partner, or one of the staff (an operator's id)."""

    kind: SubjectKind
    id: UUID

    @classmethod
    def lead(cls, lead_id: UUID) -> Self:
        return cls(SubjectKind.LEAD, lead_id)

    @classmethod
    def of_key(cls, key: str) -> Self | None:
        """Return the subject of an event's key such as `lead:0190…`; None for any other key."""
        kind, _, identifier = key.partition(":")
        if kind not in _KINDS:
            return None
        try:
            return cls(SubjectKind(kind), UUID(identifier))
        except ValueError:
            return None

    @property
    def key(self) -> str:
        """The key of the subject's events."""
        return f"{self.kind}:{self.id}"

    @property
    def lead_id(self) -> UUID | None:
        """The lead's id if the subject is a lead."""
        return self.id if self.kind is SubjectKind.LEAD else None


_KINDS = frozenset(kind.value for kind in SubjectKind)


@dataclass(frozen=True, slots=True)
class Customer:
    """The customer's personal data, kept apart from all other facts; `identities` are pairs of kind and value."""

    name: str | None = None
    phone: str | None = None
    phone_raw: str | None = None
    email: str | None = None
    identities: tuple[tuple[str, str], ...] = ()

    @property
    def has_address(self) -> bool:
        """Whether anything is known that a message could be sent to; which channel can use it is not said here."""
        return self.phone is not None or self.email is not None or bool(self.identities)


UNKNOWN = Customer()


@dataclass(frozen=True, slots=True)
class Partner:
    """The partner whose customer a lead is; `person` is how they are reached."""

    id: UUID
    title: Title
    language: str
    zone: str
    person: Customer
    address: str | None = None
    site: str | None = None
    operator_id: UUID | None = None
    consultant_id: UUID | None = None

    @property
    def parts(self) -> frozenset[PartnerPart]:
        """What the card has."""
        found = {
            PartnerPart.ADDRESS: self.address,
            PartnerPart.SITE: self.site,
            PartnerPart.OPERATOR: self.operator_id,
            PartnerPart.CONSULTANT: self.consultant_id,
        }
        return frozenset(part for part, value in found.items() if value)


@dataclass(frozen=True, slots=True)
class Spoken:
    """What the sender of a message says: personal, and kept by no process. `stop`: a stop word and no more."""

    text: str | None = None
    button: str | None = None
    stop: bool = False


SILENCE = Spoken()


@dataclass(frozen=True, slots=True)
class Document:
    """A document that is linked to a subject: what it is, and where."""

    title: str
    url: str
    number: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """An order of a lead, as intake publishes it."""

    id: UUID
    number: str
    status: str
    external_number: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    payment_link: str | None = None
    items: tuple[str, ...] = ()
    products: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Appointment:
    """A lead's last appointment, as intake publishes it: what became of it, by whom, and whether they said so."""

    id: UUID
    version: int
    step: AppointmentStep
    at: datetime
    by: AppointmentParty | None = None
    warned: bool | None = None

    @property
    def under_way(self) -> bool:
        return self.step in (AppointmentStep.PLANNED, AppointmentStep.MOVED)


@dataclass(frozen=True, slots=True)
class Paid:
    """A lead's last payment, as intake publishes it: what it was, and what the order's payments amount to now.

    `order_id`, here and below: of which order, as a lead that was merged has more; None: of the lead's own.
    """

    kind: PaymentKind
    status: PaymentStatus
    doubled: bool
    fully_paid: bool
    order_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Refund:
    """A lead's last refund: how far it is, and the last day to pay it."""

    state: RefundState
    due_on: date | None = None
    order_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """What was last asked to be done to the access to what was bought, and whether it is done."""

    action: AccessAction
    status: AccessStatus
    order_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Dealings:
    """What is known of a lead's money and access. `held_until`: until when the price of its order is held."""

    payment: Paid | None = None
    refund: Refund | None = None
    access: Access | None = None
    held_until: datetime | None = None


NO_DEALINGS = Dealings()


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of the subject.

    `order` is that of a lead, None when it has none; `external_id` is the source's, of the order or of the contact
    that brought it. `language` and `zone` are the desk's where the subject has none of its own.
    `counted_from`: when a lead that waited for its playbook was released. Its due times count from then, else all
    of them would be long past; `received_at` does not change.
    `partner_id`: whose customer the lead is. `asked_at`: the time of an appointment that this process has asked
    for and has had no answer to. `zone_source`: by what intake knows the zone.
    """

    subject: Subject
    language: str
    zone: str
    received_at: datetime
    customer_id: UUID | None = None
    source_id: UUID | None = None
    source: str | None = None
    external_id: str | None = None
    order: Order | None = None
    signals: tuple[str, ...] = ()
    customer: Customer = Customer()
    counted_from: datetime | None = None
    partner_id: UUID | None = None
    appointment: Appointment | None = None
    asked_at: datetime | None = None
    zone_source: str | None = None
    dealings: Dealings = NO_DEALINGS

    @property
    def appointment_at(self) -> datetime | None:
        """The time of the appointment: as asked for last, else as intake has it."""
        return self.asked_at or (self.appointment.at if self.appointment else None)

    @property
    def under_way(self) -> bool:
        """Whether an appointment is planned, or asked for."""
        return self.asked_at is not None or (self.appointment is not None and self.appointment.under_way)

    @property
    def lead_id(self) -> UUID | None:
        return self.subject.lead_id

    @property
    def whose_partner(self) -> UUID | None:
        """The partner of the subject: whose customer the lead is, or the subject itself."""
        return self.subject.id if self.subject.kind is SubjectKind.PARTNER else self.partner_id

    @property
    def order_number(self) -> str | None:
        return self.order.number if self.order else None

    @property
    def order_status(self) -> str | None:
        return self.order.status if self.order else None

    @property
    def products(self) -> tuple[str, ...]:
        """The products that an operator must know to work the subject."""
        return self.order.products if self.order else ()
