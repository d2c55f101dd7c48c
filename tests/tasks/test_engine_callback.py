"""The landing page's process by its rules alone, and what the engine does with proposals."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

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
from services.tasks.engine.events import OrderChanged, Proposed, StatusChanged, StatusRefused, Waiting
from services.tasks.engine.state import Operator, TaskState
from services.tasks.engine.variables import message_language, money, variables
from tests.tasks.support import ANNA, BORIS, CALLBACK, START, Story, story


def propose(told: Story, operator: Operator = ANNA, version: int | None = None) -> Proposed:
    return Proposed(told.task.id, told.task.version if version is None else version, operator, uuid4())


def test_a_callback_is_pushed_at_once() -> None:
    told = story(CALLBACK)
    assert [(e.task_id, e.at) for e in told.all(OfferWork)] == [(told.task.id, START)]


def test_an_accepted_proposal_assigns_task_and_lead() -> None:
    told = story(CALLBACK)
    told.on(propose(told))
    assert (told.task.operator_id, told.state.owner) == (ANNA.id, ANNA)


def test_an_operator_who_owns_the_lead_already_changes_no_owner() -> None:
    told = story(CALLBACK)
    told.on(propose(told))
    told.outcome("callback", call_made=True, callback_at=START + timedelta(hours=1))
    told.wait(timedelta(hours=1))
    effects = told.on(propose(told))
    assert [type(e) for e in effects if isinstance(e, AssignTask | SetOwner)] == [AssignTask]


def test_a_stale_proposal_is_declined_and_the_standing_request_stays() -> None:
    told = story(CALLBACK)
    asked = told.task
    effects = told.on(propose(told, version=0))
    assert ([type(e) for e in effects], told.task) == ([DeclineWork], asked)


def test_a_proposal_for_assigned_work_is_declined() -> None:
    told = story(CALLBACK)
    told.on(propose(told))
    told.on(propose(told, BORIS))
    assert [(e.operator, e.reason) for e in told.all(DeclineWork)] == [(BORIS, "already_assigned")]


def test_declining_a_late_proposal_leaves_the_holder_s_version_alone() -> None:
    told = story(CALLBACK)
    told.on(propose(told))
    held = told.task
    told.on(propose(told, BORIS))
    assert told.task == held


def test_work_taken_back_is_another_version() -> None:
    told = story(CALLBACK)
    asked = told.task.version
    told.take()
    assert told.task.version == asked + 2  # taken back, then taken


def test_a_proposal_for_a_closed_task_is_declined() -> None:
    told = story(CALLBACK)
    late = propose(told, BORIS)
    told.take()
    told.outcome("reached", call_made=True)
    told.on(late)
    assert [e.reason for e in told.all(DeclineWork)] == ["closed"]


def test_the_successor_prefers_whoever_owns_the_lead() -> None:
    told = story(CALLBACK)
    told.on(propose(told))
    told.outcome("no_answer", call_made=True, problem="busy")
    told.wait(timedelta(minutes=10))
    assert told.all(OfferWork)[-1].prefer == ANNA


def test_work_that_waits_is_marked_and_stays_open() -> None:
    told = story(CALLBACK)
    told.on(Waiting(told.task.id))
    assert (told.task.waiting, told.task.state) == (True, TaskState.ACTIVE)


def test_waiting_for_work_that_somebody_has_is_only_recorded() -> None:
    told = story(CALLBACK)
    told.on(propose(told))
    assert [type(e) for e in told.on(Waiting(told.task.id))] == [Record]


def test_taking_offered_work_withdraws_the_offer() -> None:
    told = story(CALLBACK)
    told.take()
    assert [e.reason for e in told.all(WithdrawWork)] == ["taken"]


def test_ending_assigned_work_withdraws_nothing() -> None:
    told = story(CALLBACK)
    told.on(propose(told))
    told.outcome("reached", call_made=True)
    assert told.all(WithdrawWork) == []


def test_a_number_that_looks_false_is_called_but_not_written_to() -> None:
    told = story(CALLBACK, "false_number")
    assert (told.task.type, told.all(RequestMessage)) == ("call_back", [])


def test_delays_between_attempts_grow() -> None:
    told = story(CALLBACK)
    for _ in range(2):
        told.wait(timedelta(hours=3))
        told.take()
        told.outcome("no_answer", call_made=True, problem="busy")
    assert [e.successor.offer_from - e.closing.at for e in told.all(DeferTask)] == [
        timedelta(minutes=10),
        timedelta(hours=2),
    ]


def test_a_status_set_by_somebody_else_is_followed() -> None:
    told = story(CALLBACK)
    told.on(StatusChanged("refused", Stage.LOST, by_us=False))
    assert told.state.status == "refused"


def test_our_own_status_coming_back_late_changes_nothing() -> None:
    told = story(CALLBACK)
    told.take()
    told.on(StatusChanged("new", Stage.NEW, by_us=True))
    assert told.state.status == "in_work"


def test_a_refused_status_falls_back_to_what_the_lead_has() -> None:
    told = story(CALLBACK)
    told.take()
    told.on(StatusRefused("in_work", "booked", "final"))
    assert (told.state.status, told.state.stage) == ("booked", "booked")


def test_a_later_payment_link_reaches_later_messages() -> None:
    told = story(CALLBACK)
    told.on(OrderChanged(told.state.facts.order_id, "in_work", None, None, "https://pay.example/9"))
    assert variables(told.state, "ru")["payment_link"] == "https://pay.example/9"


def test_variables_without_a_value_are_left_out() -> None:
    assert set(variables(story(CALLBACK).state, "en")) == {"order_number", "desk_title"}


def test_money_is_grouped_and_shows_kopecks_only_when_there_are_any() -> None:
    assert (money(Decimal("1234567.00"), "RUB"), money(Decimal("9.50"), "USD")) == (
        "1\xa0234\xa0567\xa0₽",
        "9.50\xa0$",
    )


def test_a_message_speaks_the_desk_s_language_when_it_does_not_know_the_lead_s() -> None:
    told = story(CALLBACK)
    told.state.facts = replace(told.state.facts, language="de")
    assert message_language(told.state) == "ru"
