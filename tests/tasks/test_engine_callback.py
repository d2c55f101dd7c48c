"""The callback playbook and proposals, by the engine alone."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from libs.common.contracts.shared import Stage
from services.tasks.engine.effects import (
    AssignTask,
    DeclineWork,
    DeferTask,
    OfferWork,
    Record,
    RequestMessage,
    SetOwner,
    WithdrawWork,
)
from services.tasks.engine.events import LeadUpdated, Proposed, StatusChanged, StatusRefused, Waiting
from services.tasks.engine.facts import Customer
from services.tasks.engine.prices import money
from services.tasks.engine.state import Operator, TaskState
from services.tasks.engine.variables import message_language, variables
from tests.tasks.support import ANNA, BORIS, CALLBACK, START, EngineProcess, changed, started


def propose(process: EngineProcess, operator: Operator = ANNA, version: int | None = None) -> Proposed:
    return Proposed(process.task.id, process.task.version if version is None else version, operator, uuid4())


def test_a_callback_is_pushed_at_once() -> None:
    process = started(CALLBACK)
    assert [(e.task_id, e.at) for e in process.all(OfferWork)] == [(process.task.id, START)]


def test_an_accepted_proposal_assigns_task_and_lead() -> None:
    process = started(CALLBACK)
    process.on(propose(process))
    assert (process.task.operator_id, process.state.owner) == (ANNA.id, ANNA)


def test_an_operator_who_owns_the_lead_already_changes_no_owner() -> None:
    process = started(CALLBACK)
    process.on(propose(process))
    process.outcome("callback", call_made=True, callback_at=START + timedelta(hours=1))
    process.wait(timedelta(hours=1))
    effects = process.on(propose(process))
    assert [type(e) for e in effects if isinstance(e, AssignTask | SetOwner)] == [AssignTask]


def test_a_stale_proposal_is_declined_and_the_standing_request_stays() -> None:
    process = started(CALLBACK)
    asked = process.task
    effects = process.on(propose(process, version=0))
    assert ([type(e) for e in effects], process.task) == ([DeclineWork], asked)


def test_a_proposal_for_assigned_work_is_declined() -> None:
    process = started(CALLBACK)
    process.on(propose(process))
    process.on(propose(process, BORIS))
    assert [(e.operator, e.reason) for e in process.all(DeclineWork)] == [(BORIS, "already_assigned")]


def test_declining_a_late_proposal_leaves_the_holder_s_version_alone() -> None:
    process = started(CALLBACK)
    process.on(propose(process))
    held = process.task
    process.on(propose(process, BORIS))
    assert process.task == held


def test_work_taken_back_is_another_version() -> None:
    process = started(CALLBACK)
    asked = process.task.version
    process.take()
    assert process.task.version == asked + 2  # taken back, then taken


def test_a_proposal_for_a_closed_task_is_declined() -> None:
    process = started(CALLBACK)
    late = propose(process, BORIS)
    process.take()
    process.outcome("reached", call_made=True)
    process.on(late)
    assert [e.reason for e in process.all(DeclineWork)] == ["closed"]


def test_the_successor_prefers_whoever_owns_the_lead() -> None:
    process = started(CALLBACK)
    process.on(propose(process))
    process.outcome("no_answer", call_made=True, problem="busy")
    process.wait(timedelta(minutes=10))
    assert process.all(OfferWork)[-1].prefer == ANNA


def test_work_that_waits_is_marked_and_stays_open() -> None:
    process = started(CALLBACK)
    process.on(Waiting(process.task.id))
    assert (process.task.waiting, process.task.state) == (True, TaskState.ACTIVE)


def test_waiting_for_work_that_somebody_has_is_only_recorded() -> None:
    process = started(CALLBACK)
    process.on(propose(process))
    assert [type(e) for e in process.on(Waiting(process.task.id))] == [Record]


def test_taking_offered_work_withdraws_the_offer() -> None:
    process = started(CALLBACK)
    process.take()
    assert [e.reason for e in process.all(WithdrawWork)] == ["taken"]


def test_ending_assigned_work_withdraws_nothing() -> None:
    process = started(CALLBACK)
    process.on(propose(process))
    process.outcome("reached", call_made=True)
    assert process.all(WithdrawWork) == []


def test_a_number_that_looks_false_is_called_but_not_written_to() -> None:
    process = started(CALLBACK, "false_number")
    assert (process.task.type, process.all(RequestMessage)) == ("call_back", [])


@pytest.mark.req("phone-corrected")
def test_what_waited_for_a_number_goes_out_once_when_it_is_corrected() -> None:
    process, person = started(CALLBACK, "false_number"), Customer("Анна", "+79130000001")
    for signals in (None, ("false_number", "other_contact"), ("other_contact",), ("other_contact",)):
        process.on(LeadUpdated(person, "ru", "Europe/Moscow", signals))
    assert [effect.spec.code for effect in process.all(RequestMessage)] == ["acknowledgement"]
    assert process.state.facts.signals == ("other_contact",)


def test_a_number_that_was_good_from_the_start_brings_no_second_message() -> None:
    process = started(CALLBACK)
    process.on(LeadUpdated(Customer("Анна", "+79130000001"), "ru", "Europe/Moscow", ()))
    assert len(process.all(RequestMessage)) == 1


def test_delays_between_attempts_grow() -> None:
    process = started(CALLBACK)
    for _ in range(2):
        process.wait(timedelta(hours=3))
        process.take()
        process.outcome("no_answer", call_made=True, problem="busy")
    assert [e.successor.offer_from - e.closing.at for e in process.all(DeferTask)] == [
        timedelta(minutes=10),
        timedelta(hours=2),
    ]


def test_a_status_set_by_somebody_else_is_followed() -> None:
    process = started(CALLBACK)
    process.on(StatusChanged("refused", Stage.LOST, by_us=False))
    assert process.state.status == "refused"


def test_our_own_status_coming_back_late_changes_nothing() -> None:
    process = started(CALLBACK)
    process.take()
    process.on(StatusChanged("new", Stage.NEW, by_us=True))
    assert process.state.status == "in_work"


def test_a_refused_status_falls_back_to_what_the_lead_has() -> None:
    process = started(CALLBACK)
    process.take()
    process.on(StatusRefused("in_work", "booked", "final"))
    assert (process.state.status, process.state.stage) == ("booked", "booked")


def test_a_later_payment_link_reaches_later_messages() -> None:
    process = started(CALLBACK)
    process.on(changed("in_work", link="https://pay.example/9"))
    assert variables(process.state, "ru")["payment_link"] == "https://pay.example/9"


def test_variables_without_a_value_are_left_out() -> None:
    assert set(variables(started(CALLBACK).state, "en")) == {"order_number", "desk_title"}


def test_money_is_grouped_and_shows_kopecks_only_when_there_are_any() -> None:
    assert (money(Decimal("1234567.00"), "RUB"), money(Decimal("9.50"), "USD")) == (
        "1\xa0234\xa0567\xa0₽",
        "9.50\xa0$",
    )


def test_a_message_speaks_the_desk_s_language_when_it_does_not_know_the_lead_s() -> None:
    process = started(CALLBACK)
    process.state.facts = replace(process.state.facts, language="de")
    assert message_language(process.state) == "ru"
