"""What a step asks of intake, and what its answers teach: decided without a database."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from libs.common.contracts.shared import (
    AppointmentParty,
    AppointmentStep,
    ChangeTarget,
    ContactKind,
    Language,
    SubjectKind,
)
from services.tasks.engine.asking import RequestChange, StopAttempts, WithdrawMessage
from services.tasks.engine.conditions import Context, holds
from services.tasks.engine.effects import BringForward, DeferTask, Learn, Noticed, Record
from services.tasks.engine.events import AppointmentChanged, ChangeRefused, ContactRecorded, PartnerChanged
from services.tasks.engine.facts import Appointment, Customer, Facts
from services.tasks.engine.moments import moment_at
from services.tasks.engine.requests import Asker, Wanted, asked
from services.tasks.playbooks.asks import AskAppointment, AskCustomer, Asking, AskOrder, Pin
from services.tasks.playbooks.conditions import Condition
from services.tasks.playbooks.fields import FieldValue
from services.tasks.playbooks.grammar import parse
from services.tasks.playbooks.terms import Anchor, Moment
from tests.tasks.support import CALLBACK, ORDER_ID, START, TINY, VOCABULARY, blank, facts, started

VISIT, LATER = START + timedelta(days=2), START + timedelta(days=3)
PLANNED = Appointment(UUID(int=8), 1, AppointmentStep.PLANNED, VISIT)
FIELDS: dict[str, FieldValue] = {"at": VISIT.isoformat(), "words": "Иван", "sum": "100.50", "yes": True}
LEAD = facts()


def ask(step: Asking, known: Facts = LEAD, comment: str | None = "поговорили") -> list[Wanted]:
    return list(asked(step, Asker(known, FIELDS, "Europe/Moscow", "here", "anna", comment)))


def values(step: Asking, known: Facts = LEAD) -> list[dict[str, str]]:
    return [dict(effect.values) for effect in ask(step, known) if isinstance(effect, RequestChange)]


def remarks(step: Asking, known: Facts) -> list[str]:
    found = ask(step, known)
    assert all(isinstance(effect, Record) and effect.code is Noticed.NOTHING_TO_CHANGE for effect in found)
    return [effect.text.en for effect in found if isinstance(effect, Record) and effect.text]


def test_an_order_is_asked_for_status_and_fields_apart() -> None:
    step = AskOrder("confirmed", remarks="words", amount="sum")
    assert ask(step) == [
        RequestChange("here", ChangeTarget.ORDER_STATUS, ORDER_ID, "anna", {"status": "confirmed"}),
        RequestChange("here", ChangeTarget.ORDER_FIELDS, ORDER_ID, "anna", {"remarks": "Иван", "amount": "100.50"}),
    ]


@pytest.mark.parametrize(
    "step",
    [
        AskOrder("new"),
        AskOrder(remarks="empty", amount="empty"),
        AskOrder(remarks="yes"),
        AskCustomer(name="empty"),
        Pin("empty"),
        AskAppointment(at="empty"),
        AskAppointment(at="words"),
    ],
)
def test_what_is_so_already_or_was_not_filled_in_asks_for_nothing(step: Asking) -> None:
    assert ask(step) == []


NOBODY = replace(LEAD, customer_id=None, order=None)
OTHER = replace(NOBODY, subject=replace(LEAD.subject, kind=SubjectKind.CUSTOMER))


@pytest.mark.parametrize(
    ("step", "known", "remark"),
    [
        (AskOrder("confirmed"), NOBODY, "there is no order"),
        (AskCustomer(name="words"), NOBODY, "the customer is not known"),
        (Pin("comment"), OTHER, "there is no lead"),
        (AskAppointment(at="at"), OTHER, "there is no lead"),
        (AskAppointment(step=AppointmentStep.KEPT), LEAD, "there is no appointment"),
        (AskAppointment(step=AppointmentStep.KEPT), OTHER, "there is no appointment"),
    ],
)
def test_where_there_is_nothing_to_change_it_is_a_remark(step: Asking, known: Facts, remark: str) -> None:
    assert remarks(step, known) == [remark]


def test_a_customer_is_asked_for_what_was_filled_in() -> None:
    (asked_for,) = ask(AskCustomer(name="words", phone="empty", email="sum"))
    assert isinstance(asked_for, RequestChange)
    assert (asked_for.person, asked_for.target_id) == (Customer("Иван", None, None, "100.50"), LEAD.customer_id)


@pytest.mark.parametrize(("text", "pinned"), [("comment", ["поговорили"]), ("words", ["Иван"])])
def test_the_comment_or_a_field_is_pinned(text: str, pinned: list[str]) -> None:
    assert [said["text"] for said in values(Pin(text))] == pinned


def test_without_a_comment_in_hand_nothing_is_pinned() -> None:
    assert ask(Pin("comment"), comment=None) == []


BY = AskAppointment(at="at", by=AppointmentParty.CUSTOMER, warned=False)


def test_a_first_time_is_planned_and_counted_from_at_once() -> None:
    request, learned = ask(BY)
    assert isinstance(request, RequestChange)
    assert request.values == {"at": VISIT.isoformat(), "step": "planned"}
    assert learned == Learn("here", replace(LEAD, asked_at=VISIT))


@pytest.mark.parametrize(
    "known",
    [replace(LEAD, asked_at=LATER), replace(LEAD, appointment=replace(PLANNED, at=LATER))],
    ids=["asked", "planned"],
)
def test_a_further_time_is_moved(known: Facts) -> None:
    assert values(BY, known) == [{"at": VISIT.isoformat(), "step": "moved", "by": "customer", "warned": "false"}]


@pytest.mark.parametrize("known", [replace(LEAD, asked_at=VISIT), replace(LEAD, appointment=PLANNED)])
def test_the_time_that_it_has_is_not_asked_for_again(known: Facts) -> None:
    assert ask(BY, known) == []


@pytest.mark.parametrize("step", [AppointmentStep.CANCELLED, AppointmentStep.KEPT, AppointmentStep.MISSED])
def test_after_an_end_the_next_time_is_planned(step: AppointmentStep) -> None:
    request, learned = ask(AskAppointment(step=step), replace(LEAD, appointment=PLANNED, asked_at=LATER))
    assert isinstance(request, RequestChange)
    assert isinstance(learned, Learn)
    assert (request.values, learned.facts.under_way) == ({"step": step.value}, False)
    assert values(BY, learned.facts)[0]["step"] == "planned"


def test_an_end_says_by_whom_and_with_what_warning() -> None:
    step = AskAppointment(step=AppointmentStep.CANCELLED, by=AppointmentParty.PARTNER, warned=True)
    assert values(step, replace(LEAD, asked_at=VISIT)) == [{"step": "cancelled", "by": "partner", "warned": "true"}]


def after(known: Facts, *events: AppointmentChanged | ChangeRefused) -> Facts:
    process = started(CALLBACK)
    process.state.facts = known
    for event in events:
        process.on(event)
    return process.state.facts


def test_the_answer_ends_the_wait_for_a_time() -> None:
    found = after(replace(LEAD, asked_at=VISIT), AppointmentChanged(PLANNED))
    assert (found.appointment, found.asked_at, found.appointment_at) == (PLANNED, None, VISIT)


def test_the_answer_to_an_earlier_request_leaves_the_later_one_waiting() -> None:
    found = after(replace(LEAD, asked_at=LATER), AppointmentChanged(PLANNED))
    assert (found.appointment, found.appointment_at) == (PLANNED, LATER)


def test_the_end_of_an_appointment_ends_the_wait_too() -> None:
    over = replace(PLANNED, version=2, step=AppointmentStep.CANCELLED)
    assert after(replace(LEAD, asked_at=LATER), AppointmentChanged(over)).asked_at is None


@pytest.mark.parametrize("version", [0, 1])
def test_what_is_older_than_what_is_known_is_not_learned(version: int) -> None:
    known = replace(LEAD, appointment=PLANNED)
    stale = replace(PLANNED, version=version, at=LATER)
    assert after(known, AppointmentChanged(stale)) == known


def test_the_answer_that_nothing_was_to_be_moved_ends_the_wait() -> None:
    known = replace(LEAD, appointment=PLANNED, asked_at=VISIT)
    assert after(known, AppointmentChanged(PLANNED)) == replace(known, asked_at=None)


def test_another_appointment_counts_its_versions_anew() -> None:
    other = replace(PLANNED, id=UUID(int=9), at=LATER)
    known = replace(LEAD, appointment=replace(PLANNED, version=7))
    assert after(known, AppointmentChanged(other)).appointment == other


@pytest.mark.parametrize(
    ("target", "waits"), [(ChangeTarget.APPOINTMENT, None), (ChangeTarget.ORDER_STATUS, VISIT)]
)
def test_a_refusal_of_the_time_ends_the_wait_for_it(target: ChangeTarget, waits: object) -> None:
    assert after(replace(LEAD, asked_at=VISIT), ChangeRefused(target)).asked_at == waits


def test_a_partner_s_card_is_what_their_process_knows_of_them() -> None:
    process = started(CALLBACK)
    process.on(PartnerChanged(Customer("Роза", "+79990000077"), "en", "Asia/Omsk"))
    known = process.state.facts
    assert (known.customer.name, known.language, known.zone) == ("Роза", "en", "Asia/Omsk")


@pytest.mark.parametrize(
    ("when", "true"),
    [
        (Condition(appointment=frozenset({AppointmentStep.PLANNED})), True),
        (Condition(appointment=frozenset({AppointmentStep.MOVED, AppointmentStep.PLANNED})), True),
        (Condition(appointment=frozenset({AppointmentStep.MOVED})), False),
        (Condition(by=frozenset({AppointmentParty.PARTNER})), True),
        (Condition(by=frozenset({AppointmentParty.DESK})), False),
        (Condition(warned=False), True),
        (Condition(warned=True), False),
        (Condition(contact=frozenset({ContactKind.MISSED})), True),
        (Condition(contact=frozenset({ContactKind.CALL_IN})), False),
        (Condition(source=("mango",)), True),
        (Condition(source=("school",)), False),
        (Condition(language=frozenset({Language.RU})), True),
        (Condition(language=frozenset({Language.EN})), False),
    ],
)
def test_a_condition_asks_for_appointment_contact_source_and_language(when: Condition, true: bool) -> None:
    known = replace(LEAD, appointment=replace(PLANNED, by=AppointmentParty.PARTNER, warned=False))
    context = Context(blank(CALLBACK, known), "new", contact=ContactKind.MISSED, source="mango")
    assert holds(when, context) is true


def test_without_contact_or_appointment_what_asks_for_them_does_not_hold_and_the_source_is_the_lead_s() -> None:
    context = Context(blank(CALLBACK, LEAD), "new")
    conditions = [
        Condition(warned=False), Condition(by=frozenset({AppointmentParty.DESK})),
        Condition(appointment=frozenset({AppointmentStep.KEPT})),
        Condition(contact=frozenset({ContactKind.MISSED})),
        Condition(source=("school",)),
    ]  # fmt: skip
    assert [holds(when, context) for when in conditions] == [False, False, False, False, True]


def test_a_moment_counts_from_the_appointment_else_from_now() -> None:
    moment = Moment(Anchor.APPOINTMENT, after=timedelta(hours=2))
    known = blank(CALLBACK, replace(LEAD, appointment=PLANNED))
    assert moment_at(moment, known, START) == VISIT + timedelta(hours=2)
    assert moment_at(moment, blank(CALLBACK, LEAD), START) == START + timedelta(hours=2)


MOVING = parse(
    TINY.replace("due: 5m", "due: {from: appointment, after: 1h}").replace(
        '"on":',
        """\
messages:
  hello: {template: hello}
"on":
  contact_recorded: [then: [withdraw: hello, message: hello, withdraw: hello, wake: call]]
  appointment_changed: [then: [move: call]]""",
    ),
    VOCABULARY,
)


def test_a_task_whose_time_has_moved_has_a_successor_by_rule() -> None:
    process = started(MOVING)
    before = process.task
    process.on(AppointmentChanged(PLANNED))
    (moved,) = process.all(DeferTask)
    assert (moved.task_id, moved.successor.due_at) == (before.id, VISIT + timedelta(hours=1))
    assert (moved.closing.actor, moved.closing.comment, moved.closing.successor_id) == (
        "system", "Время перенесено", process.task.id,
    )  # fmt: skip


def test_a_task_whose_time_is_the_same_stays() -> None:
    process = started(MOVING)
    process.on(AppointmentChanged(PLANNED))
    process.on(AppointmentChanged(replace(PLANNED, version=2, step=AppointmentStep.MOVED)))
    assert len(process.all(DeferTask)) == 1


def test_the_last_request_of_a_message_is_withdrawn_and_none_where_none_was_made() -> None:
    process = started(MOVING)
    for _ in range(2):
        process.on(ContactRecorded())
    assert [effect.number for effect in process.all(WithdrawMessage)] == [1, 1, 2]


def test_what_does_not_wait_is_not_woken() -> None:
    process = started(MOVING)
    process.on(ContactRecorded())
    assert (process.all(BringForward), process.all(StopAttempts)) == ([], [])
