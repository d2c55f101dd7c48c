"""What others say of appointments, refused requests, partners and shifts: learned, and the trigger that it is."""

from dataclasses import replace
from typing import TypeAlias, assert_never

from libs.common.contracts.shared import ChangeTarget
from services.tasks.engine.effects import Learn
from services.tasks.engine.events import AppointmentChanged, ChangeRefused, PartnerChanged, ShiftStarted
from services.tasks.engine.facts import Appointment, Facts
from services.tasks.engine.run import Run
from services.tasks.playbooks.terms import Trigger

Answer: TypeAlias = AppointmentChanged | ChangeRefused | PartnerChanged | ShiftStarted


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
