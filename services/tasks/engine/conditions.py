"""Evaluation of a rule's condition."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from libs.common.contracts.shared import ChangeTarget, ContactKind, Direction, IdentityKind, Signal
from libs.common.domain.words import spelled
from services.tasks.engine.facts import SILENCE, Dealings, Facts, Spoken
from services.tasks.engine.measures import compared
from services.tasks.engine.moments import is_open
from services.tasks.engine.state import Operator, State
from services.tasks.engine.words import says
from services.tasks.playbooks.conditions import Condition, PartnerPart
from services.tasks.playbooks.fields import FieldValue
from services.tasks.playbooks.model import Playbook
from services.tasks.playbooks.terms import Addressee, covers


@dataclass(frozen=True, slots=True)
class Context:
    """The input of a condition: the process, and the event being handled."""

    state: State
    order_status: str | None
    task_type: str | None = None
    purpose: str | None = None
    now: datetime | None = None
    problem: str | None = None
    fields: Mapping[str, FieldValue] = field(default_factory=dict)
    contact: ContactKind | None = None
    source: str | None = None
    operator: Operator | None = None
    refused: ChangeTarget | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    spoken: Spoken = SILENCE
    direction: Direction | None = None
    stands_in: bool = False


def holds(when: Condition, context: Context) -> bool:
    """Return whether every part of the condition holds."""
    state, fields = context.state, {**context.state.fields, **context.fields}
    return (
        _any_of(when.signals, state.facts.signals)
        and _any_of(when.order_status, (context.order_status,))
        and _any_of(when.status, (state.status,))
        and _any_of(when.types, (context.task_type,))
        and _any_of(when.purposes, (context.purpose,))
        and (not when.open or _any_of(when.open, tuple(task.type for task in state.open_tasks)))
        and (when.owned is None or when.owned == (state.owner is not None))
        and when.stand_in in (None, context.stands_in)
        and _any_of(when.problem, (context.problem,))
        and all(least <= state.attempts.get(code, 0) <= most for code, (least, most) in when.attempts.items())
        and (not when.refused or context.refused in when.refused)
        and _known(when, fields)
        and _timely(when, state, context.now)
        and _in_contact(when, context)
        and _appointed(when, state)
        and _of_partner(when, state)
        and _of_customer(when, state.facts)
        and (not when.compares or compared(when, state, {**fields, **_texts(context.counts)}, context.now))
        and _shifts(when, context)
        and _dealt(when, state.facts.dealings)
    )


def counted(state: State, playbook: Playbook) -> dict[str, int]:
    """Return the counts of a process; what was never counted is nought."""
    return {code: state.counts.get(code, 0) for code in playbook.counters}


def _texts(counts: Mapping[str, int]) -> dict[str, str]:
    return {code: str(count) for code, count in counts.items()}


def _of_partner(when: Condition, state: State) -> bool:
    """Return whether the partner's card has all that is asked for, and nothing that it should lack."""
    parts = state.partner.parts if state.partner else frozenset[PartnerPart]()
    return when.partner_has <= parts and parts.isdisjoint(when.partner_lacks)


def _of_customer(when: Condition, facts: Facts) -> bool:
    """Return whether the customer can be reached by all that is asked for, and by nothing that they should lack."""
    person, false = facts.customer, Signal.FALSE_NUMBER.value in facts.signals
    ways = {kind for kind, _ in person.identities}
    ways |= {IdentityKind.PHONE.value} if person.phone is not None and not false else set()
    ways |= {IdentityKind.EMAIL.value} if person.email is not None else set()
    return when.customer_has <= ways and ways.isdisjoint(when.customer_lacks)


def _shifts(when: Condition, context: Context) -> bool:
    """Return whether one of the people is on shift, or off it; of no person neither holds."""
    staff = context.state.staff
    if not when.on_shift and not when.off_shift:
        return True
    if staff is None:
        return False
    present = frozenset(who for who, colleague in staff.items() if colleague.on_shift)
    on, off = _people(when.on_shift, context), _people(when.off_shift, context)
    return (not when.on_shift or bool(on & present)) and (not when.off_shift or bool(off - present))


def _people(names: tuple[Addressee | str, ...], context: Context) -> frozenset[UUID]:
    found = (_person(name, context) for name in names)
    return frozenset(who for who in found if who is not None)


def _person(name: Addressee | str, context: Context) -> UUID | None:
    fields = {**context.state.fields, **context.fields}
    match name:
        case Addressee.ACTOR:
            return context.operator.id if context.operator else None
        case Addressee.OWNER:
            return context.state.owner.id if context.state.owner else None
        case Addressee.CONSULTANT if Addressee.CONSULTANT not in fields:
            return context.state.partner.consultant_id if context.state.partner else None
        case _:
            value = fields.get(name)
            return UUID(value) if isinstance(value, str) else None


def _in_contact(when: Condition, context: Context) -> bool:
    facts = context.state.facts
    return (
        (not when.contact or context.contact in when.contact)
        and (not when.direction or context.direction in when.direction)
        and _any_of(when.source, (context.source or facts.source,))
        and (not when.product or not set(when.product).isdisjoint(facts.order.products if facts.order else ()))
        and (not when.language or facts.language in when.language)
        and (not when.button or _pressed(context.spoken.button, when.button))
        and (not when.words or says(context.spoken.text, when.words))
        and when.stop in (None, context.spoken.stop)
    )


def _pressed(button: str | None, names: tuple[str, ...]) -> bool:
    return button is not None and spelled(button) in map(spelled, names)


def _appointed(when: Condition, state: State) -> bool:
    """Return whether the last appointment is as asked; without one nothing that asks for it holds."""
    found = state.facts.appointment
    if not when.appointment and not when.by and when.warned is None:
        return True
    return found is not None and (
        (not when.appointment or found.step in when.appointment)
        and (not when.by or found.by in when.by)
        and when.warned in (None, found.warned)
    )


def _dealt(when: Condition, known: Dealings) -> bool:
    """Return whether the last payment, refund and access are as asked; what is not known is not."""
    payment, refund, access = known.payment, known.refund, known.access
    return (
        (not when.payment or (payment is not None and payment.kind in when.payment))
        and (not when.payment_is or (payment is not None and payment.status in when.payment_is))
        and when.doubled in (None, payment is not None and payment.doubled)
        and when.fully_paid in (None, payment is not None and payment.fully_paid)
        and (not when.refund or (refund is not None and refund.state in when.refund))
        and (not when.access or (access is not None and access.action in when.access))
        and (not when.access_is or (access is not None and access.status in when.access_is))
    )


def _known(when: Condition, fields: Mapping[str, FieldValue]) -> bool:
    return (
        all(name in fields for name in when.filled)
        and not any(name in fields for name in when.empty)
        and all(_word(fields.get(name)) in wanted for name, wanted in when.chosen.items())
    )


def _word(value: FieldValue | None) -> str | None:
    """Return a field's value as a playbook writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else None


def _timely(when: Condition, state: State, now: datetime | None) -> bool:
    """Return whether the times fit; without a now what asks for it does not hold."""
    if when.received_between is not None and not _within(when.received_between, state.facts.received_at, state):
        return False
    if when.now_between is None and when.open_hours is None and when.age is None:
        return True
    if now is None:
        return False
    age = now - state.facts.received_at
    return (
        (when.now_between is None or _within(when.now_between, now, state))
        and (when.open_hours is None or when.open_hours == is_open(now, state.desk))
        and (when.age is None or when.age[0] <= age < when.age[1])
    )


def _any_of(wanted: tuple[str, ...], found: tuple[str | None, ...]) -> bool:
    return not wanted or any(value in wanted for value in found)


def _within(window: tuple[time, time], moment: datetime, state: State) -> bool:
    """Return whether a moment lies within a window of the desk's day."""
    return covers(window, moment.astimezone(ZoneInfo(state.desk.zone)).time())
