"""What having a task does, and the first contact, by the engine alone (S4.3)."""

from datetime import timedelta
from uuid import uuid4

import pytest

from services.tasks.engine.effects import (
    CloseTask,
    MarkOverdue,
    Move,
    MoveTask,
    OfferWork,
    RecordContact,
    ReserveTask,
    SetOwner,
    SetStatus,
)
from services.tasks.engine.events import ContactRecorded, LeadGiven, Lent, OutcomeGiven, Proposed, Reassigned, Taken
from services.tasks.engine.state import MoveReason, Operator
from services.tasks.playbooks.grammar import parse
from services.tasks.playbooks.model import Playbook
from tests.tasks.support import ANNA, BORIS, START, TINY, VOCABULARY, EngineProcess, started

RESERVED = timedelta(minutes=20)
MINUTE = timedelta(minutes=1)
HELD = "    on_assigned: {reserve: 20m}\n    on_taken: {reserve: 20m}\n"
MET = "    on_first_contact:\n      - owner: actor\n      - status: met\n"
STATUS = "  met: {title: {ru: Говорили, en: Met}, stage: working}\n"


def kind(data: str = HELD + MET, due: str = "1h") -> Playbook:
    """The tiny playbook with pushed work that may be taken, and with more data of its type."""
    source = TINY.replace("    due: 5m\n", f"    due: {due}\n{data}").replace("mode: push", "mode: mixed")
    return parse(source.replace("lanes:\n", f"{STATUS}lanes:\n"), VOCABULARY)


def given(process: EngineProcess, operator: Operator = ANNA) -> None:
    process.on(Proposed(process.task.id, process.task.version, operator, uuid4()))


def taken(data: str = HELD + MET) -> EngineProcess:
    process = started(kind(data))
    process.take()
    return process


def meets(process: EngineProcess, operator: Operator | None = ANNA, ago: timedelta = timedelta(0)) -> None:
    process.on(ContactRecorded(process.now - ago, operator))


@pytest.mark.parametrize(
    ("data", "owner", "reserved"),
    [
        ("", ANNA, False),
        ("    on_assigned: own\n", ANNA, False),
        ("    on_assigned: nothing\n", None, False),
        (HELD, None, True),
    ],
)
def test_being_assigned_a_task_does_what_its_type_says(data: str, owner: Operator | None, reserved: bool) -> None:
    process = started(kind(data))
    given(process)
    until = START + RESERVED if reserved else None
    assert (process.state.owner, process.task.reserved_until) == (owner, until)


@pytest.mark.parametrize(
    ("data", "owner", "reserved"),
    [
        ("", None, False),
        ("    on_taken: own\n", ANNA, False),
        ("    on_taken: nothing\n", None, False),
        (HELD, None, True),
    ],
)
def test_taking_a_task_does_what_its_type_says(data: str, owner: Operator | None, reserved: bool) -> None:
    process = taken(data)
    until = START + RESERVED if reserved else None
    assert (process.state.owner, process.task.reserved_until) == (owner, until)


def test_beginning_what_was_reserved_reserves_it_anew() -> None:
    process = started(kind())
    given(process)
    process.wait(10 * MINUTE)
    process.take()
    assert process.task.reserved_until == START + 10 * MINUTE + RESERVED


def test_beginning_it_may_end_the_reservation() -> None:
    process = started(kind("    on_assigned: {reserve: 20m}\n"))
    given(process)
    assert ReserveTask("call.on_take", process.task.id, None) in process.take()
    process.wait(timedelta(days=1))
    assert process.task.operator_id == ANNA.id


def test_a_reservation_lapses_to_the_lane_and_rank_of_its_task() -> None:
    process = taken()
    before = process.task
    process.wait(RESERVED)
    (moved,) = process.all(MoveTask)
    assert (moved.move, moved.reason, moved.taken) == (Move.RELEASED, MoveReason.RESERVATION_LAPSED, True)
    task = process.task
    assert (task.operator_id, task.reserved_until, task.lane, task.rank) == (None, None, before.lane, before.rank)
    assert process.all(OfferWork)[-1].at == START + RESERVED


def test_it_does_not_lapse_a_moment_before_its_time() -> None:
    process = taken()
    process.wait(RESERVED - timedelta(seconds=1))
    assert process.task.operator_id == ANNA.id


def test_the_first_contact_ends_the_reservation_and_does_what_its_type_says() -> None:
    process = taken()
    process.wait(5 * MINUTE)
    meets(process)
    process.wait(RESERVED)
    task = process.task
    assert (task.contacted_at, task.contacted_id) == (START + 5 * MINUTE, ANNA.id)
    assert (task.operator_id, process.state.owner, process.state.status) == (ANNA.id, ANNA, "met")


def test_a_contact_is_in_the_name_of_its_operator() -> None:
    process = taken()
    meets(process)
    rule = "call.on_first_contact"
    assert process.all(RecordContact) == [RecordContact(rule, process.task.id, ANNA, START)]
    status = process.all(SetStatus)[-1]
    assert (status.status, status.rule, status.actor) == ("met", rule, str(ANNA.id))


def test_what_follows_the_first_contact_runs_once() -> None:
    process = taken()
    for _ in range(2):
        meets(process)
    process.outcome("done", call_made=True)
    assert len(process.all(RecordContact)) == 1


@pytest.mark.parametrize(
    ("operator", "ago"), [(BORIS, timedelta(0)), (None, timedelta(0)), (ANNA, timedelta(seconds=1))]
)
def test_nobody_else_s_contact_counts_and_none_before_the_task(operator: Operator | None, ago: timedelta) -> None:
    process = taken()
    meets(process, operator, ago)
    assert process.all(RecordContact) == []


def test_a_contact_of_a_clock_ahead_is_of_now() -> None:
    process = taken()
    meets(process, ago=-MINUTE)
    assert process.task.contacted_at == START


def test_a_contact_of_which_no_time_is_known_is_of_now() -> None:
    process = taken()
    process.on(ContactRecorded(None, ANNA))
    assert process.task.contacted_at == START


def test_a_type_without_reservation_and_steps_has_no_first_contact() -> None:
    process = taken("")
    meets(process)
    process.outcome("done", call_made=True)
    assert process.all(RecordContact) == []


def test_a_reservation_alone_is_ended_by_a_contact() -> None:
    process = taken(HELD)
    meets(process)
    process.wait(RESERVED)
    assert (process.task.operator_id, process.state.owner) == (ANNA.id, None)


@pytest.mark.parametrize(("call_made", "contacts"), [(True, 1), (False, 0), (None, 0)])
def test_an_outcome_is_the_first_contact_if_a_call_was_made(call_made: bool | None, contacts: int) -> None:
    process = taken()
    process.outcome("done", call_made=call_made)
    assert len(process.all(RecordContact)) == contacts
    assert [e.status for e in process.all(SetStatus)] == ["new", "met"][: contacts + 1]


def test_the_contact_comes_before_the_end_of_the_task() -> None:
    process = taken()
    process.outcome("done", call_made=True)
    kinds = [type(effect) for effect in process.effects]
    assert kinds.index(RecordContact) < kinds.index(SetOwner) < kinds.index(CloseTask)


def test_who_is_no_operator_makes_no_first_contact() -> None:
    process = taken()
    process.on(OutcomeGiven(process.task.id, "done", "да", "chief", None, supervisor=True, call_made=True))
    assert process.all(RecordContact) == []


def test_a_refused_outcome_is_no_contact() -> None:
    process = taken()
    process.outcome("done", comment=" ", call_made=True)
    assert process.all(RecordContact) == []


def test_an_outcome_of_a_task_that_its_first_contact_closes_is_not_given() -> None:
    closing = "      - close: {result: failed, reason: {ru: Всё, en: Over}}\n      - open: call\n"
    process = taken(HELD + MET + closing)
    task = process.task
    process.outcome("done", call_made=True)
    assert [(e.task_id, e.closing.comment) for e in process.all(CloseTask)] == [(task.id, "Всё")]
    assert process.state.live


def test_two_tasks_of_one_operator_have_their_first_contact_together() -> None:
    twice = parse(
        TINY.replace("    due: 5m\n", f"    due: 1h\n{HELD}").replace("mode: push", "mode: pull")
        .replace("- open: call\n", "- open: call\n        - open: call\n"),
        VOCABULARY,
    )  # fmt: skip
    process = started(twice)
    open_tasks = process.state.open_tasks
    for task in open_tasks:
        process.on(Taken(task.id, ANNA))
    meets(process)
    assert [contact.task_id for contact in process.all(RecordContact)] == [task.id for task in open_tasks]


@pytest.mark.parametrize(("after", "overdue"), [(0, False), (14, False), (15, True), (19, True)])
def test_a_contact_in_time_is_what_the_due_time_was_for(after: int, overdue: bool) -> None:
    process = started(kind(due="15m"))
    process.take()
    process.wait(after * MINUTE)
    meets(process)
    process.wait(timedelta(days=1))
    assert bool(process.all(MarkOverdue)) == overdue


def test_without_steps_for_it_a_contact_does_not_keep_the_due_time() -> None:
    process = taken(HELD)
    meets(process)
    process.wait(timedelta(days=1))
    assert process.all(MarkOverdue)


def test_a_task_given_by_name_is_reserved_as_an_assigned_one() -> None:
    process = taken()
    process.wait(5 * MINUTE)
    process.on(Reassigned(process.task.id, BORIS, "x", MoveReason.REDIRECTED))
    assert (process.task.operator_id, process.state.owner) == (BORIS.id, None)
    assert process.task.reserved_until == START + 5 * MINUTE + RESERVED


def test_the_owner_of_a_lead_needs_no_reservation() -> None:
    process = started(kind())
    process.on(LeadGiven(BORIS, frozenset({"operator"}), "x", MoveReason.ASSIGNED))
    assert (process.task.operator_id, process.state.owner, process.task.reserved_until) == (BORIS.id, BORIS, None)
    process.take(BORIS)
    assert process.task.reserved_until is None


def test_who_has_been_in_contact_needs_no_reservation() -> None:
    process = started(kind(HELD + "    on_first_contact:\n      - status: met\n"))
    given(process)
    meets(process)
    process.take()
    assert (process.state.owner, process.task.reserved_until) == (None, None)


def test_the_next_operator_has_a_first_contact_of_their_own() -> None:
    process = taken()
    meets(process)
    process.wait(MINUTE)
    process.on(Reassigned(process.task.id, BORIS, "x", MoveReason.REDIRECTED))
    assert process.task.reserved_until == process.now + RESERVED
    meets(process, BORIS)
    assert (process.state.owner, process.task.contacted_at, process.task.contacted_id) == (BORIS, START, BORIS.id)


def test_a_loan_ends_the_reservation() -> None:
    process = taken()
    process.on(Lent(process.task.id, BORIS, START + timedelta(hours=3), "x"))
    process.wait(timedelta(hours=1))
    assert (process.task.operator_id, process.task.reserved_until) == (BORIS.id, None)
