"""Calls on the wire."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from libs.common.contracts.shared import CallsGoTo, Stage
from libs.common.platform.http.wire import CustomerOut
from services.tasks.calls.rules import RingReason


class RingOut(BaseModel):
    """Whom to ring: an operator at their `extension`, or a partner at their `phone`."""

    reason: RingReason
    operator_id: UUID | None
    name: str | None
    extension: str | None
    phone: str | None


class CallerPartner(BaseModel):
    """The partner whose customer calls, or whose line is called: name and links of the card (S0.4)."""

    id: UUID
    code: str
    title: str
    calls_go_to: CallsGoTo
    card_link: str | None
    cabinet_link: str | None
    site: str | None


class CallerLead(BaseModel):
    """The caller's open lead."""

    id: UUID
    playbook: str
    status: str | None
    stage: Stage | None
    owner_id: UUID | None


class CallerTask(BaseModel):
    """The open task in which the caller is worked."""

    id: UUID
    type: str
    title: str
    operator_id: UUID | None
    due_at: datetime
    version: int


class CallerOut(BaseModel):
    """Who calls, and in `rings` whom telephony should ring, in this order.

    A caller without an open lead has no customer here; an operator who may not see the customer gets no more than
    the partner.
    """

    desk: str
    number: str
    rings: list[RingOut]
    partner: CallerPartner | None
    customer_id: UUID | None
    customer: CustomerOut | None
    lead: CallerLead | None
    task: CallerTask | None


class MissedReport(BaseModel):
    """Missed calls by what became of them: called back by when their task was due, or later; the customer called
    again and got through; not called back yet, and still in time; never called back."""

    desk: str
    created_from: datetime
    created_to: datetime
    total: int
    in_time: int
    late: int
    got_through: int
    waiting: int
    never: int
