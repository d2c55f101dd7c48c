"""Events that intake owns: leads, orders, customers. Key `lead:<id>` unless said otherwise."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from libs.common.contracts.envelope import EventData
from libs.common.contracts.shared import Customer, Language, OrderStatus, Part, Signal, Stage
from libs.common.contracts.topics import Topic
from libs.common.domain.money import Money

OWNER = "intake"


class IntakeEvent(EventData):
    """An event of intake's topic."""

    owner: ClassVar[str] = OWNER
    topic: ClassVar[Topic] = Topic.INTAKE


class Item(Part):
    """A line of an order as the source gave it; `code` is the desk's product code when known."""

    title: str
    code: str | None = None
    quantity: int = 1
    price: Money | None = None


class LeadReceived(IntakeEvent):
    """A new lead with its first order, committed together with the delivery that brought it."""

    event_type: ClassVar[str] = "dozvon.lead.received.v1"

    lead_id: UUID
    customer_id: UUID
    source_id: UUID
    source: str
    playbook: str
    external_id: str
    external_number: str | None = None
    order_id: UUID
    order_number: str
    order_status: OrderStatus
    amount: Money | None = None
    payment_link: str | None = None
    items: tuple[Item, ...] = ()
    marketing: dict[str, str] = {}
    signals: tuple[Signal, ...] = ()
    earlier_lead_id: UUID | None = None  # of the unpaid order that `second_unpaid_order` speaks of (S4.2)
    language: Language
    zone: str
    received_at: datetime
    person: Customer


class LeadUpdated(IntakeEvent):
    """The person or the signals of a lead were completed or corrected without a change of status."""

    event_type: ClassVar[str] = "dozvon.lead.updated.v1"

    lead_id: UUID
    signals: tuple[Signal, ...] = ()
    person: Customer
    language: Language
    zone: str


class LeadStatusChanged(IntakeEvent):
    """Intake applied a requested status; `request_id` is the id of the request's event."""

    event_type: ClassVar[str] = "dozvon.lead.status_changed.v1"

    lead_id: UUID
    from_status: str | None
    to_status: str
    stage: Stage
    actor: str
    reason: str
    request_id: UUID | None = None


class LeadStatusRefused(IntakeEvent):
    """Intake did not apply a status; `code` says why, machine-read."""

    event_type: ClassVar[str] = "dozvon.lead.status_refused.v1"

    lead_id: UUID
    status: str
    current_status: str
    code: str
    request_id: UUID


class OrderChanged(IntakeEvent):
    """Our mirror of an order changed: a later delivery has another status or other amounts (S4.1)."""

    event_type: ClassVar[str] = "dozvon.order.changed.v1"

    lead_id: UUID
    order_id: UUID
    order_number: str
    external_id: str
    from_status: OrderStatus
    to_status: OrderStatus
    amount: Money | None = None
    paid: Money | None = None
    payment_link: str | None = None


EVENTS = (LeadReceived, LeadUpdated, LeadStatusChanged, LeadStatusRefused, OrderChanged)
