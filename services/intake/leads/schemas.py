"""Leads on the wire."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel

from libs.common.contracts.shared import Customer, Language, Signal, Stage, ZoneSource
from services.intake.appointments.schemas import AppointmentView
from services.intake.customers.schemas import CustomerView
from services.intake.orders.schemas import OrderView


class LeadView(BaseModel):
    """A lead in a list; `title` is the status in the caller's language, `merged_into` which lead it is by now."""

    id: UUID
    desk: str
    customer_id: UUID
    source_id: UUID
    source: str
    playbook: str
    status: str
    title: str
    stage: Stage
    owner_id: UUID | None
    signals: list[Signal]
    earlier_lead_id: UUID | None
    person: Customer
    language: Language
    zone: str
    zone_source: ZoneSource
    marketing: dict[str, str]
    created_at: datetime
    updated_at: datetime
    pinned_comment: str | None
    partner_id: UUID | None
    merged_into: UUID | None
    version: int


class LeadDetail(LeadView):
    """A lead with its orders and appointments; with its customer and all their orders where that is asked for."""

    orders: list[OrderView]
    appointments: list[AppointmentView]
    customer: CustomerView | None = None


class Change(StrEnum):
    """The subject of a line of the history."""

    LEAD_STATUS = "lead_status"
    LEAD_OWNER = "lead_owner"
    LEAD_PERSON = "lead_person"
    ORDER_STATUS = "order_status"
    ORDER_FIELDS = "order_fields"
    PINNED_COMMENT = "pinned_comment"
    APPOINTMENT = "appointment"
    LEAD_MERGED = "lead_merged"
    PAYMENT = "payment"
    REFUND = "refund"
    ACCESS = "access"


class HistoryView(BaseModel):
    """Who, when, from, to, why (S1.11, P.3); `cause_id` is the delivery or event behind it."""

    id: int
    at: datetime
    what: Change
    order_id: UUID | None
    actor: str
    from_value: str | None
    to_value: str | None
    reason: str
    cause_id: UUID
