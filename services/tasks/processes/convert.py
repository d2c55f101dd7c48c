"""Published events → events of the engine."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeAlias, assert_never
from uuid import UUID

from libs.common.contracts import EventData, assignment, intake, notifications
from libs.common.contracts.shared import Customer as Person
from libs.common.contracts.shared import MessageProgress, Stage, Text
from services.tasks.engine import events as ev
from services.tasks.engine.state import Customer, Facts, Operator, OperatorId
from services.tasks.operators.rules import OperatorProfile

Operators: TypeAlias = Mapping[UUID, OperatorProfile]
LeadEvent: TypeAlias = (
    intake.LeadReceived
    | intake.LeadReceivedV2
    | intake.LeadUpdated
    | intake.LeadStatusChanged
    | intake.LeadStatusRefused
    | intake.OrderChanged
    | intake.ContactRecorded
    | intake.CustomerChanged
    | intake.ChangeRefused
    | assignment.WorkAssigned
    | assignment.WorkWaiting
    | notifications.MessageSent
    | notifications.MessageDelivered
    | notifications.MessageRead
    | notifications.MessageFailed
)


def about_lead(data: EventData) -> LeadEvent:
    """Return the payload of an event about a lead. Raises TypeError for any other event."""
    if not isinstance(data, LeadEvent):
        raise TypeError(f"{data.event_type} means nothing to a process")
    return data


def lead_of(data: LeadEvent) -> UUID | None:
    """Return the lead that an event is about; None for a contact or a customer of no known lead.

    Raises ValueError for any other event that names no lead.
    """
    match data:
        case intake.ContactRecorded() | intake.CustomerChanged() | intake.ChangeRefused():
            return data.lead_id
        case _ if data.lead_id is None:
            raise ValueError(f"{data.event_type} names no lead")
        case _:
            return data.lead_id


def engine_event(data: LeadEvent) -> ev.Event | None:
    """Return the engine's event of a published one; None for one that stands in the timeline alone."""
    match data:
        case intake.ContactRecorded() | intake.CustomerChanged() | intake.ChangeRefused():
            return None
        case intake.LeadReceived() | intake.LeadReceivedV2():
            return ev.LeadReceived()
        case intake.LeadUpdated(person=person, language=language, zone=zone):
            return ev.LeadUpdated(_customer(person), language.value, zone)
        case intake.OrderChanged():
            return _order(data)
        case intake.LeadStatusChanged(to_status=status, stage=stage, request_id=request_id):
            return ev.StatusChanged(status, stage, by_us=request_id is not None)
        case intake.LeadStatusRefused(status=status, current_status=current, code=code):
            return ev.StatusRefused(status, current, code)
        case assignment.WorkAssigned():
            return ev.Proposed(data.task_id, data.task_version, proposed(data), data.decision_id)
        case assignment.WorkWaiting(task_id=task_id):
            return ev.Waiting(task_id)
        case _:
            return ev.MessageMoved(_progress(data), data.purpose)


def _progress(
    data: notifications.MessageSent
    | notifications.MessageDelivered
    | notifications.MessageRead
    | notifications.MessageFailed,
) -> MessageProgress:
    match data:
        case notifications.MessageSent():
            return MessageProgress.SENT
        case notifications.MessageDelivered():
            return MessageProgress.DELIVERED
        case notifications.MessageRead():
            return MessageProgress.READ
        case notifications.MessageFailed():
            return MessageProgress.FAILED
        case _:
            assert_never(data)


def fenced(event: ev.Event, data: LeadEvent, operators: Operators) -> ev.Event:
    """Return a proposal with why its operator has gone, if tasks knows a newer version of them than it does."""
    if not isinstance(event, ev.Proposed) or not isinstance(data, assignment.WorkAssigned):
        return event
    known = operators.get(data.operator_id)
    if known is None or data.operator_version is None or known.version <= data.operator_version:
        return event
    return replace(event, absence=known.absence)


def proposed(data: assignment.WorkAssigned) -> Operator:
    return Operator(OperatorId(data.operator_id), data.operator_name)


NewLead: TypeAlias = intake.LeadReceived | intake.LeadReceivedV2


def born_in(data: NewLead) -> tuple[str, Stage] | None:
    """Return the status and stage that a lead was born in; None when its playbook has yet to give it one."""
    match data:
        case intake.LeadReceivedV2(title=Text(), status=status, stage=stage):
            return status, stage
        case _:
            return None


def facts_of(data: NewLead) -> Facts:
    """Return the facts of a new lead."""
    match data:
        case intake.LeadReceived():
            return _facts_of_v1(data)
        case intake.LeadReceivedV2():
            return _facts(data, data.order)
        case _:
            assert_never(data)


def _facts(data: intake.LeadReceivedV2, order: intake.Order | None) -> Facts:
    amount, contact = order.amount if order else None, data.contact
    return Facts(
        lead_id=data.lead_id,
        customer_id=data.customer_id,
        source_id=data.source_id,
        source=data.source,
        external_id=order.external_id if order else contact.external_id if contact else None,
        external_number=order.external_number if order else None,
        order_id=order.id if order else None,
        order_number=order.number if order else None,
        order_status=order.status.value if order else None,
        amount=amount.amount if amount else None,
        currency=amount.currency if amount else None,
        payment_link=order.payment_link if order else None,
        items=tuple(item.title for item in order.items) if order else (),
        products=tuple(item.code for item in order.items if item.code) if order else (),
        signals=tuple(signal.value for signal in data.signals),
        language=data.language.value,
        zone=data.zone,
        received_at=data.received_at,
        customer=_customer(data.person),
    )


def _customer(person: Person) -> Customer:
    return Customer(person.name, person.phone, person.phone_raw, person.email)


def _facts_of_v1(data: intake.LeadReceived) -> Facts:
    return Facts(
        lead_id=data.lead_id,
        customer_id=data.customer_id,
        source_id=data.source_id,
        source=data.source,
        external_id=data.external_id,
        external_number=data.external_number,
        order_id=data.order_id,
        order_number=data.order_number,
        order_status=data.order_status.value,
        amount=data.amount.amount if data.amount else None,
        currency=data.amount.currency if data.amount else None,
        payment_link=data.payment_link,
        items=tuple(item.title for item in data.items),
        products=tuple(item.code for item in data.items if item.code),
        signals=tuple(signal.value for signal in data.signals),
        language=data.language.value,
        zone=data.zone,
        received_at=data.received_at,
        customer=_customer(data.person),
    )


def _order(data: intake.OrderChanged) -> ev.OrderChanged:
    return ev.OrderChanged(
        data.order_id,
        data.to_status.value,
        data.amount.amount if data.amount else None,
        data.amount.currency if data.amount else None,
        data.payment_link,
    )
