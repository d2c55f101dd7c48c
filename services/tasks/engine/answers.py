"""What others say of orders, appointments, money, refusals, partners and shifts: learned, and its trigger."""

from typing import TypeAlias, assert_never

from libs.common.contracts.shared import ChangeTarget
from libs.common.domain.frozen import replace
from services.tasks.engine.effects import Learn
from services.tasks.engine.events import (
    AccessChanged,
    AppointmentChanged,
    ChangeRefused,
    OrderChanged,
    PartnerChanged,
    PaymentRecorded,
    RefundChanged,
    ShiftStarted,
)
from services.tasks.engine.facts import Appointment, Dealings, Facts, Order
from services.tasks.engine.run import Run
from services.tasks.playbooks.terms import Trigger

Dealt: TypeAlias = PaymentRecorded | RefundChanged | AccessChanged
Answer: TypeAlias = AppointmentChanged | Dealt | ChangeRefused | PartnerChanged | ShiftStarted


def learn(run: Run, event: Answer) -> Trigger | None:
    """Learn what an event says and return its trigger; None: it is older than what is known."""
    facts = run.state.facts
    match event:
        case AppointmentChanged(appointment=appointment):
            known = _learned(facts, appointment)
            if known is None:
                return None
            run.emit(Learn("engine.appointment", known))
            return Trigger.APPOINTMENT_CHANGED
        case PaymentRecorded() | RefundChanged() | AccessChanged():
            dealings, trigger = _dealt(facts.dealings, event)
            run.emit(Learn("engine.facts", replace(facts, dealings=dealings)))
            return trigger
        case ChangeRefused(target=target):
            if (left := _refused(facts, target)) is not facts:
                run.emit(Learn("engine.appointment", left))
            run.refused = target
            return Trigger.CHANGE_REFUSED
        case PartnerChanged(partner=partner, language=language, zone=zone):
            run.emit(Learn("engine.facts", replace(facts, customer=partner, language=language, zone=zone)))
            return Trigger.PARTNER_CHANGED
        case ShiftStarted():
            return Trigger.SHIFT_STARTED
        case _:
            assert_never(event)


def learn_order(run: Run, event: OrderChanged) -> bool:
    """Learn of the lead's order, which a lead without one now has; another order of it changes nothing.

    Return whether its price is held until a time that was not known.
    """
    facts = run.state.facts
    if facts.order is not None and facts.order.id != event.order.id:
        return False
    order = event.order if facts.order is None else _newer(facts.order, event.order)
    held, before = event.held_until, facts.dealings.held_until
    if order != facts.order or held != before:
        external_id, dealings = facts.external_id or event.external_id, replace(facts.dealings, held_until=held)
        run.emit(Learn("engine.facts", replace(facts, order=order, external_id=external_id, dealings=dealings)))
    return held is not None and held != before


def _newer(order: Order, changed: Order) -> Order:
    return replace(
        order,
        status=changed.status,
        amount=order.amount if changed.amount is None else changed.amount,
        currency=changed.currency or order.currency,
        payment_link=changed.payment_link or order.payment_link,
    )


def _dealt(known: Dealings, event: Dealt) -> tuple[Dealings, Trigger]:
    match event:
        case PaymentRecorded(payment=payment):
            return replace(known, payment=payment), Trigger.PAYMENT_RECORDED
        case RefundChanged(refund=refund):
            return replace(known, refund=refund), Trigger.REFUND_CHANGED
        case AccessChanged(access=access):
            return replace(known, access=access), Trigger.ACCESS_CHANGED
        case _:
            assert_never(event)


def _refused(facts: Facts, target: ChangeTarget) -> Facts:
    """Return the facts after a refusal: a time that was asked for and not given is not waited for any more."""
    return replace(facts, asked_at=None) if target is ChangeTarget.APPOINTMENT and facts.asked_at else facts


def _learned(facts: Facts, appointment: Appointment) -> Facts | None:
    """Return the facts with what intake says of an appointment; None: it is older than what is known.

    A later time that was asked for counts until it is answered, unless the appointment is over. The answer to a
    request of the time that it has already is no newer than what is known.
    """
    known, answered = facts.appointment, facts.asked_at == appointment.at
    if known is not None and known.id == appointment.id and known.version >= appointment.version:
        return replace(facts, asked_at=None) if answered else None
    waits = appointment.under_way and not answered
    return replace(facts, appointment=appointment, asked_at=facts.asked_at if waits else None)
