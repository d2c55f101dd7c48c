"""What a step asks of intake: data in, effects out (S0.6, S1.9, S2.7)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias, assert_never
from uuid import UUID

from libs.common.contracts.shared import AppointmentStep, ChangeTarget, OrderStatus
from libs.common.domain.frozen import replace
from services.tasks.engine.asking import RequestChange
from services.tasks.engine.effects import Learn, Noticed, Record
from services.tasks.engine.facts import Customer, Facts
from services.tasks.engine.fields import moment_of
from services.tasks.playbooks.asks import COMMENT, AskAppointment, AskCustomer, Asking, AskOrder, Pin
from services.tasks.playbooks.fields import FieldValue
from services.tasks.playbooks.terms import Title

Wanted: TypeAlias = RequestChange | Learn | Record

NO_ORDER = Title("заказа нет", "there is no order")
NO_CUSTOMER = Title("клиент неизвестен", "the customer is not known")
NO_LEAD = Title("заявки нет", "there is no lead")
NO_APPOINTMENT = Title("записи нет", "there is no appointment")


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: what is known of the subject and filled in by outcomes, the comment in hand, the rule."""

    facts: Facts
    fields: Mapping[str, FieldValue]
    zone: str
    rule: str
    actor: str
    comment: str | None = None

    def text(self, name: str | None) -> str | None:
        """Return what a field says; None: it is not filled in."""
        value = None if name is None else self.fields.get(name)
        return value if isinstance(value, str) else None

    def nothing(self, why: Title) -> Record:
        """Return the remark that there is nothing to change."""
        return Record(self.rule, Noticed.NOTHING_TO_CHANGE, why)


def asked(step: Asking, asker: Asker) -> Iterator[Wanted]:
    """Yield what a step asks for; a field that was not filled in changes nothing."""
    match step:
        case AskOrder():
            yield from _of_order(step, asker)
        case AskCustomer():
            yield from _of_customer(step, asker)
        case Pin(text=text):
            yield from _comment(asker.comment if text == COMMENT else asker.text(text), asker)
        case AskAppointment(step=end):
            yield from (_appointment_at(step, asker) if end is None else _appointment_over(end, step, asker))
        case _:
            assert_never(step)


def _of_order(step: AskOrder, asker: Asker) -> Iterator[Wanted]:
    order = asker.facts.order
    if order is None:
        yield asker.nothing(NO_ORDER)
        return
    if step.status is not None and step.status != order.status:
        status = {"status": step.status}
        whose = _refunded(asker.facts) if step.status == OrderStatus.REFUNDED else None
        yield RequestChange(asker.rule, ChangeTarget.ORDER_STATUS, whose or order.id, asker.actor, status)
    said = {"remarks": asker.text(step.remarks), "amount": asker.text(step.amount)}
    values = {name: text for name, text in said.items() if text is not None}
    if values:
        yield RequestChange(asker.rule, ChangeTarget.ORDER_FIELDS, order.id, asker.actor, values)


def _refunded(facts: Facts) -> UUID | None:
    """Return which order the refund is of, if it was said: a lead that was merged has more than one."""
    return facts.dealings.refund.order_id if facts.dealings.refund else None


def _of_customer(step: AskCustomer, asker: Asker) -> Iterator[Wanted]:
    who = asker.facts.customer_id
    if who is None:
        yield asker.nothing(NO_CUSTOMER)
        return
    person = Customer(asker.text(step.name), asker.text(step.phone), None, asker.text(step.email))
    if person != Customer():
        yield RequestChange(asker.rule, ChangeTarget.CUSTOMER_FIELDS, who, asker.actor, person=person)


def _comment(text: str | None, asker: Asker) -> Iterator[Wanted]:
    lead_id = asker.facts.lead_id
    if lead_id is None:
        yield asker.nothing(NO_LEAD)
    elif text is not None:
        yield RequestChange(asker.rule, ChangeTarget.PINNED_COMMENT, lead_id, asker.actor, {"text": text})


def _appointment_at(step: AskAppointment, asker: Asker) -> Iterator[Wanted]:
    """Ask for a time: planned, or moved when an appointment is under way. Tasks count from it at once."""
    facts, at = asker.facts, moment_of(asker.fields, step.at or "", asker.zone)
    if facts.lead_id is None:
        yield asker.nothing(NO_LEAD)
        return
    if at is None or (facts.under_way and at == facts.appointment_at):
        return
    values = {"at": at.isoformat(), "step": AppointmentStep.PLANNED.value}
    if facts.under_way:
        values |= {"step": AppointmentStep.MOVED.value, **_said(step)}
    yield RequestChange(asker.rule, ChangeTarget.APPOINTMENT, facts.lead_id, asker.actor, values)
    yield Learn(asker.rule, replace(facts, asked_at=at))


def _appointment_over(end: AppointmentStep, step: AskAppointment, asker: Asker) -> Iterator[Wanted]:
    """Ask for an end: from now on the next time that is asked for is planned, not moved."""
    facts, known = asker.facts, asker.facts.appointment
    if facts.lead_id is None or not facts.under_way:
        yield asker.nothing(NO_APPOINTMENT)
        return
    values = {"step": end.value, **_said(step)}
    yield RequestChange(asker.rule, ChangeTarget.APPOINTMENT, facts.lead_id, asker.actor, values)
    over = known and replace(known, step=end, by=step.by, warned=step.warned)
    yield Learn(asker.rule, replace(facts, asked_at=None, appointment=over))


def _said(step: AskAppointment) -> dict[str, str]:
    by = {} if step.by is None else {"by": step.by.value}
    return by if step.warned is None else {**by, "warned": "true" if step.warned else "false"}
