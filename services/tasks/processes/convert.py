"""Published events → events of the engine, and whom they concern."""

from collections.abc import Mapping
from typing import TypeAlias, assert_never, cast, get_args
from uuid import UUID

from libs.common.contracts import EventData, Received, assignment, intake, notifications, payments
from libs.common.contracts import shared as wire
from libs.common.contracts.shared import ContactKind, MessageProgress, SubjectKind
from libs.common.domain.frozen import replace
from services.tasks.engine import events as ev
from services.tasks.engine.facts import (
    SILENCE,
    Access,
    Appointment,
    Customer,
    Facts,
    Order,
    Paid,
    Refund,
    Spoken,
    Subject,
)
from services.tasks.engine.state import Desk, Operator, OperatorId
from services.tasks.operators.rules import OperatorProfile
from services.tasks.playbooks.terms import Trigger
from services.tasks.processes.rules import Address

Operators: TypeAlias = Mapping[UUID, OperatorProfile]
NewLead: TypeAlias = intake.LeadReceived | intake.LeadReceivedV2
Work: TypeAlias = assignment.WorkAssigned | assignment.WorkWaiting
MessageStep: TypeAlias = (
    notifications.MessageSent
    | notifications.MessageDelivered
    | notifications.MessageRead
    | notifications.MessageFailed
)
Dealt: TypeAlias = payments.PaymentRecorded | payments.RefundChanged | payments.AccessChanged
ProcessEvent: TypeAlias = (
    NewLead
    | intake.LeadUpdated
    | intake.LeadStatusChanged
    | intake.LeadStatusRefused
    | intake.OrderChanged
    | intake.ContactRecorded
    | intake.CustomerChanged
    | intake.ChangeRefused
    | intake.AppointmentChanged
    | Dealt
    | intake.PartnerChanged
    | assignment.ShiftStarted
    | Work
    | MessageStep
)
# It is asked three times of each event: `isinstance` tries a union's classes one by one.
_OF_PROCESSES = frozenset(get_args(ProcessEvent))


def for_processes(data: EventData) -> ProcessEvent:
    """Return the payload of an event that processes apply. Raises TypeError for any other event."""
    if type(data) not in _OF_PROCESSES:
        raise TypeError(f"{data.event_type} means nothing to a process")
    return cast("ProcessEvent", data)


def address_of(event: Received[EventData]) -> Address:
    """Return whom an event concerns: as its payload says, else its key."""
    data = for_processes(event.data)
    subject = _subject(event.key, data)
    match data:
        case assignment.WorkAssigned(task_id=task_id) | assignment.WorkWaiting(task_id=task_id):
            return Address(subject, task_id=task_id)
        case (
            intake.LeadReceivedV2()
            | intake.LeadReceived()
            | intake.LeadUpdated()
            | intake.OrderChanged()
            | intake.ContactRecorded()
            | intake.AppointmentChanged()
            | payments.PaymentRecorded()
            | payments.RefundChanged()
            | payments.AccessChanged()
        ):
            return Address(subject, _trigger(data), data.customer_id, reply=_is_reply(data))
        case intake.LeadStatusChanged(request_id=request_id):
            return Address(subject, Trigger.STATUS_CHANGED, answers=request_id)
        case intake.LeadStatusRefused(request_id=request_id):
            return Address(subject, answers=request_id)
        case intake.CustomerChanged(customer_id=customer_id, lead_id=lead_id):
            customer, lead = Subject(SubjectKind.CUSTOMER, customer_id), Subject.lead(lead_id) if lead_id else None
            return Address(customer, Trigger.CUSTOMER_CHANGED, customer_id, beside=lead)
        case intake.ChangeRefused(request_id=request_id):
            return Address(subject, answers=request_id)
        case notifications.MessageSent(actor=str(), customer_id=customer_id):
            return Address(subject, Trigger.CONTACT_RECORDED, customer_id, reply=True)
        case intake.PartnerChanged(partner_id=partner_id):
            return Address(Subject(SubjectKind.PARTNER, partner_id), Trigger.PARTNER_CHANGED)
        case assignment.ShiftStarted(operator_id=who):
            return Address(Subject(SubjectKind.STAFF, who), Trigger.SHIFT_STARTED)
        case _:
            return Address(subject, process_id=data.process_id)


def _is_reply(data: ProcessEvent) -> bool:
    """Return whether a person has written to the customer in the messenger's own app."""
    if not isinstance(data, intake.ContactRecorded):
        return False
    return data.kind is ContactKind.MESSAGE and data.direction is wire.Direction.OUT


def _subject(key: str, data: ProcessEvent) -> Subject | None:
    lead_id: UUID | None = getattr(data, "lead_id", None)
    customer_id: UUID | None = getattr(data, "customer_id", None)
    if lead_id is not None:
        return Subject.lead(lead_id)
    return Subject.of_key(key) or (Subject(SubjectKind.CUSTOMER, customer_id) if customer_id else None)


def _trigger(
    data: NewLead
    | intake.LeadUpdated
    | intake.OrderChanged
    | intake.ContactRecorded
    | intake.AppointmentChanged
    | Dealt,
) -> Trigger:
    match data:
        case intake.LeadReceivedV2() | intake.LeadReceived():
            return Trigger.LEAD_RECEIVED
        case intake.LeadUpdated():
            return Trigger.LEAD_UPDATED
        case intake.OrderChanged():
            return Trigger.ORDER_CHANGED
        case intake.ContactRecorded():
            return Trigger.CONTACT_RECORDED
        case intake.AppointmentChanged():
            return Trigger.APPOINTMENT_CHANGED
        case payments.PaymentRecorded():
            return Trigger.PAYMENT_RECORDED
        case payments.RefundChanged():
            return Trigger.REFUND_CHANGED
        case payments.AccessChanged():
            return Trigger.ACCESS_CHANGED
        case _:
            assert_never(data)


def engine_event(data: ProcessEvent, *, by_us: bool) -> ev.Event:  # noqa: C901 - one flat case per event
    """Return the event for a process of its own subject; `by_us`: it answers a request of that process."""
    match data:
        case assignment.WorkAssigned() | assignment.WorkWaiting():
            return _answered(data)
        case intake.LeadReceived():
            return ev.LeadReceived()
        case intake.LeadReceivedV2(title=title, status=status, stage=stage):
            # Without a title intake has not seen the playbook: it has yet to give the lead a status.
            return ev.LeadReceived(status, stage) if title is not None else ev.LeadReceived()
        case intake.LeadUpdated(person=person, language=language, zone=zone, signals=signals):
            known = tuple(each.value for each in signals) if "signals" in data.model_fields_set else None
            whole, source = data.all_identities, data.zone_source
            return ev.LeadUpdated(customer_of(person), language.value, zone, known, whole, source)
        case intake.ContactRecorded():
            kind, way = data.kind, data.direction
            return ev.ContactRecorded(data.at, None, kind, data.source, _spoken(data), way, data.contact_id)
        case intake.CustomerChanged(person=person):
            return ev.CustomerChanged(customer_of(person))
        case intake.OrderChanged():
            return ev.OrderChanged(_changed(data), data.external_id, data.held_until)
        case intake.LeadStatusChanged(to_status=status, stage=stage):
            return ev.StatusChanged(status, stage, by_us=by_us)
        case intake.LeadStatusRefused(status=status, current_status=current, code=code):
            return ev.StatusRefused(status, current, code)
        case intake.ChangeRefused(target=target):
            return ev.ChangeRefused(target)
        case intake.AppointmentChanged():
            return ev.AppointmentChanged(_appointment(data))
        case payments.PaymentRecorded() | payments.RefundChanged() | payments.AccessChanged():
            return _dealt(data)
        case intake.PartnerChanged(person=person, language=language, zone=zone):
            return ev.PartnerChanged(customer_of(person), language.value, zone)
        case assignment.ShiftStarted():
            return ev.ShiftStarted()
        case _:
            return _answered(data)


def _answered(data: Work | MessageStep) -> ev.Event:
    match data:
        case assignment.WorkAssigned():
            deputises_for = OperatorId(data.deputises_for) if data.deputises_for else None
            whom = proposed(data), data.decision_id
            return ev.Proposed(data.task_id, data.task_version, *whom, deputises_for=deputises_for)
        case assignment.WorkWaiting(task_id=task_id):
            return ev.Waiting(task_id)
        case notifications.MessageSent(actor=str(), at=at):
            return ev.ContactRecorded(at, kind=ContactKind.MESSAGE, direction=wire.Direction.OUT)
        case _:
            return ev.MessageMoved(_progress(data), data.purpose, written=data.actor is not None)


def heard(data: ProcessEvent, address: Address) -> ev.Event:
    """Return the event for a process of another subject that listens for it. Raises TypeError for an answer."""
    if address.trigger is None:
        raise TypeError(f"{data.event_type} is for its own process alone")
    match data:
        case intake.OrderChanged(to_status=status):
            return ev.Heard(address.trigger, status.value)
        case intake.ContactRecorded():
            return ev.Heard(address.trigger, None, data.kind, data.source, _spoken(data), data.direction, data.at)
        case notifications.MessageSent(at=at):
            written = wire.Direction.OUT
            return ev.Heard(address.trigger, contact=ContactKind.MESSAGE, direction=written, at=at)
        case _:
            return ev.Heard(address.trigger)


def _spoken(data: intake.ContactRecorded) -> Spoken:
    """Return what the customer said; what was written to them is no word of theirs."""
    of_theirs = data.direction is wire.Direction.IN
    return Spoken(data.person.text, data.person.button, data.person.stop) if of_theirs else SILENCE


def _progress(data: MessageStep) -> MessageProgress:
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


def with_operator(event: ev.Event, data: ProcessEvent, operators: Operators) -> ev.Event:
    """Return an event with what tasks knows of its operator.

    Of a proposal: why they have gone, if tasks knows a newer version of them than it does. Of a contact or of what
    an operator wrote: who spoke or wrote; a missed call is of no operator.
    """
    match event, data:
        case ev.Proposed(), assignment.WorkAssigned(operator_id=who, operator_version=int(version)):
            known = operators.get(who)
            newer = known is not None and known.version > version
            return replace(event, absence=known.absence) if known is not None and newer else event
        case ev.ContactRecorded(), intake.ContactRecorded(kind=kind, operator_id=UUID() as who):
            known = operators.get(who)
            spoke = known is not None and kind is not ContactKind.MISSED
            return replace(event, operator=known.operator) if known is not None and spoke else event
        case ev.ContactRecorded(), notifications.MessageSent(operator_id=UUID() as who):
            known = operators.get(who)
            return replace(event, operator=known.operator) if known is not None else event
        case _:
            return event


def proposed(data: assignment.WorkAssigned) -> Operator:
    return Operator(OperatorId(data.operator_id), data.operator_name)


def customer_of(person: wire.Customer) -> Customer:
    identities = tuple((identity.kind.value, identity.value) for identity in person.identities)
    return Customer(person.name, person.phone, person.phone_raw, person.email, identities)


def facts_of(data: NewLead) -> Facts:
    """Return the facts of a new lead."""
    return Facts(
        subject=Subject.lead(data.lead_id),
        customer_id=data.customer_id,
        source_id=data.source_id,
        source=data.source,
        external_id=_external_id(data),
        order=_first_order(data),
        signals=tuple(signal.value for signal in data.signals),
        language=data.language.value,
        zone=data.zone,
        received_at=data.received_at,
        customer=customer_of(data.person),
        partner_id=data.partner_id if isinstance(data, intake.LeadReceivedV2) else None,
        zone_source=data.zone_source if isinstance(data, intake.LeadReceivedV2) else None,
    )


def facts_of_party(event: Received[EventData], subject: Subject, desk: Desk) -> Facts:
    """Return the facts of a customer or partner that an event is about; what it leaves open is the desk's."""
    person = getattr(event.data, "person", None)
    partner = event.data if isinstance(event.data, intake.PartnerChanged) else None
    return Facts(
        subject=subject,
        customer_id=subject.id if subject.kind is SubjectKind.CUSTOMER else None,
        language=partner.language.value if partner else desk.languages[0],
        zone=partner.zone if partner else desk.zone,
        received_at=event.time,
        customer=customer_of(person) if isinstance(person, wire.Customer) else Customer(),
    )


def _first_order(data: NewLead) -> Order | None:
    match data:
        case intake.LeadReceived():
            status, number = data.order_status.value, data.external_number
            return _bought(Order(data.order_id, data.order_number, status, number), data)
        case intake.LeadReceivedV2():
            found = data.order
            order = found and Order(found.id, found.number, found.status.value, found.external_number)
            return _bought(order, found) if order and found else None
        case _:
            assert_never(data)


def _external_id(data: NewLead) -> str | None:
    """Return the source's id of the order, else of the contact that brought the lead."""
    match data:
        case intake.LeadReceived(external_id=external_id):
            return external_id
        case intake.LeadReceivedV2():
            brought = data.order or data.contact
            return brought.external_id if brought else None
        case _:
            assert_never(data)


def _bought(order: Order, said: intake.LeadReceived | intake.Order) -> Order:
    return replace(
        order,
        amount=said.amount.amount if said.amount else None,
        currency=said.amount.currency if said.amount else None,
        payment_link=said.payment_link,
        items=tuple(item.title for item in said.items),
        products=tuple(item.code for item in said.items if item.code),
    )


def _changed(data: intake.OrderChanged) -> Order:
    return Order(
        id=data.order_id,
        number=data.order_number,
        status=data.to_status.value,
        amount=data.amount.amount if data.amount else None,
        currency=data.amount.currency if data.amount else None,
        payment_link=data.payment_link,
    )


def _dealt(data: Dealt) -> ev.Event:
    match data:
        case payments.PaymentRecorded():
            return ev.PaymentRecorded(Paid(data.kind, data.status, data.doubled, data.fully_paid, data.order_id))
        case payments.RefundChanged():
            return ev.RefundChanged(Refund(data.state, data.due_on, data.order_id))
        case payments.AccessChanged():
            return ev.AccessChanged(Access(data.action, data.status, data.order_id))
        case _:
            assert_never(data)


def _appointment(data: intake.AppointmentChanged) -> Appointment:
    return Appointment(data.appointment_id, data.version, data.step, data.at, data.by, data.warned)
