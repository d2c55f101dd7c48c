"""Published events → events of the engine."""

from typing import TypeAlias, assert_never
from uuid import UUID

from libs.common.contracts import EventData, assignment, intake, notifications
from libs.common.contracts.shared import MessageProgress
from services.tasks.engine import events as ev
from services.tasks.engine.state import Customer, Facts, Operator, OperatorId

LeadEvent: TypeAlias = (
    intake.LeadReceived
    | intake.LeadUpdated
    | intake.LeadStatusChanged
    | intake.LeadStatusRefused
    | intake.OrderChanged
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


def lead_of(data: LeadEvent) -> UUID:
    """Return the lead that an event is about. Raises ValueError for one of another subject."""
    if data.lead_id is None:
        raise ValueError(f"{data.event_type} names no lead")
    return data.lead_id


def engine_event(data: LeadEvent) -> ev.Event:
    """Return the engine's event of a published one."""
    match data:
        case intake.LeadReceived():
            return ev.LeadReceived()
        case intake.LeadUpdated(person=person, language=language, zone=zone):
            customer = Customer(person.name, person.phone, person.phone_raw, person.email)
            return ev.LeadUpdated(customer, language.value, zone)
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


def proposed(data: assignment.WorkAssigned) -> Operator:
    return Operator(OperatorId(data.operator_id), data.operator_name)


def facts_of(data: intake.LeadReceived) -> Facts:
    """Return the facts of a new lead."""
    person = data.person
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
        customer=Customer(person.name, person.phone, person.phone_raw, person.email),
    )


def _order(data: intake.OrderChanged) -> ev.OrderChanged:
    return ev.OrderChanged(
        data.order_id,
        data.to_status.value,
        data.amount.amount if data.amount else None,
        data.amount.currency if data.amount else None,
        data.payment_link,
    )
