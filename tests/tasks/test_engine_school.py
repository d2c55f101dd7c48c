"""The school's process by its rules alone: S0.1, S0.2, S0.7, S4.2-S4.4, S4.11."""

from datetime import UTC, datetime, timedelta

import pytest

from services.tasks.engine.effects import (
    CloseTask,
    DeferTask,
    EndProcess,
    MarkOverdue,
    OfferWork,
    OpenTask,
    Refusal,
    Refuse,
    RequestMessage,
    SetOwner,
    SetStatus,
    TakeTask,
)
from services.tasks.engine.events import OrderChanged
from services.tasks.engine.state import TaskState
from tests.tasks.support import ANNA, BORIS, SCHOOL, START, Story, story


def taken() -> Story:
    told = story(SCHOOL)
    told.wait(timedelta(minutes=20))
    told.take()
    return told


def changed(told: Story, status: str) -> OrderChanged:
    return OrderChanged(told.state.facts.order_id, status, None, None, None)


def paid(told: Story) -> OrderChanged:
    return changed(told, "paid")


def test_new_order_opens_its_task_and_acknowledges_at_once() -> None:
    told = story(SCHOOL)
    assert told.task.type == "process_order"
    assert [e.spec.template for e in told.all(RequestMessage)] == ["order_received"]


def test_corridor_runs_from_the_20th_to_the_35th_minute_after_receipt() -> None:
    task = story(SCHOOL).task
    assert (task.offer_from - START, task.due_at - START) == (timedelta(minutes=20), timedelta(minutes=35))


def test_nobody_is_asked_before_the_corridor_opens() -> None:
    told = story(SCHOOL)
    told.wait(timedelta(minutes=19, seconds=59))
    assert not told.all(OfferWork)


def test_work_is_pushed_once_when_the_corridor_opens() -> None:
    told = story(SCHOOL)
    told.wait(timedelta(minutes=30))
    assert [e.at - START for e in told.all(OfferWork)] == [timedelta(minutes=20)]


def test_task_is_overdue_once_after_the_35th_minute() -> None:
    told = story(SCHOOL)
    told.wait(timedelta(hours=5))
    assert len(told.all(MarkOverdue)) == 1


def test_taking_makes_the_owner_and_sets_in_work_in_one_step() -> None:
    told = story(SCHOOL)
    told.wait(timedelta(minutes=20))
    effects = told.take()
    assert {TakeTask, SetOwner, SetStatus} <= {type(effect) for effect in effects}
    assert (told.state.owner, told.state.status) == (ANNA, "in_work")


def test_taking_before_the_corridor_is_refused() -> None:
    assert story(SCHOOL).take() == (Refuse("engine.take", Refusal.NOT_OFFERED_YET),)


def test_a_taken_task_is_refused_to_anybody_else() -> None:
    assert taken().take(BORIS) == (Refuse("engine.take", Refusal.TAKEN_BY_OTHER),)


def test_second_unpaid_order_becomes_false_without_task_push_or_message() -> None:
    told = story(SCHOOL, "second_unpaid_order")
    assert told.state.status == "false"
    assert (told.all(OpenTask), told.all(OfferWork), told.all(RequestMessage)) == ([], [], [])


def test_test_number_fails_its_task_at_once_and_disturbs_nobody() -> None:
    told = story(SCHOOL, "test_number")
    (closed,) = told.all(CloseTask)
    assert (closed.closing.result, closed.closing.comment) == (TaskState.FAILED, "Тестовый номер")
    assert (told.all(OfferWork), told.all(RequestMessage)) == ([], [])


def test_payment_completes_what_is_open_by_the_system() -> None:
    told = taken()
    told.on(paid(told))
    (closed,) = told.all(CloseTask)
    assert (closed.closing.result, closed.closing.actor) == (TaskState.COMPLETED, "system")
    assert (told.state.status, told.state.ended_at) == ("paid", told.now)


def test_payment_after_a_refusal_still_counts_as_paid() -> None:
    told = taken()
    told.outcome("refused", problem="no_money")
    told.on(paid(told))
    assert told.state.status == "paid"


def test_link_sent_sends_the_link_and_follows_up_at_noon_of_the_next_day() -> None:
    told = taken()
    told.outcome("link_sent")
    assert told.all(RequestMessage)[-1].spec.template == "payment_link"
    assert told.task.offer_from == datetime(2026, 3, 3, 9, 0, tzinfo=UTC)


def test_unpaid_link_is_reminded_of_the_next_day() -> None:
    told = taken()
    told.outcome("link_sent")
    told.wait(timedelta(days=1))
    assert told.all(RequestMessage)[-1].spec.code == "payment_reminder"


def test_payment_cancels_the_follow_up_and_its_message() -> None:
    told = taken()
    told.outcome("link_sent")
    told.on(paid(told))
    told.wait(timedelta(days=2))
    assert [e.spec.code for e in told.all(RequestMessage)] == ["acknowledgement", "payment_link"]


def test_no_answer_defers_the_task_and_writes_to_the_customer() -> None:
    told = taken()
    told.outcome("no_answer", call_made=True, problem="busy")
    (deferred,) = told.all(DeferTask)
    assert (deferred.closing.successor_id, told.task.attempt) == (told.task.id, 2)
    assert told.all(RequestMessage)[-1].spec.code == "no_answer"


@pytest.mark.req("S0.5")
def test_a_named_time_in_between_counts_no_attempt_and_forgets_none() -> None:
    told = taken()
    attempts = []
    for outcome in ("no_answer", "no_answer", "callback", "no_answer"):
        attempts.append(told.task.attempt)
        named = outcome == "callback"
        told.outcome(
            outcome,
            call_made=True,
            problem=None if named else "busy",
            callback_at=told.now + timedelta(hours=1) if named else None,
        )
        told.wait(timedelta(hours=6))
        if told.state.live:
            told.take()
    assert (attempts, told.state.status) == ([1, 2, 3, 3], "unreached")


def test_third_no_answer_fails_the_task() -> None:
    told = taken()
    for _ in range(3):
        told.wait(timedelta(hours=6))
        told.take()
        told.outcome("no_answer", call_made=True, problem="busy")
    assert told.all(CloseTask)[-1].closing.result is TaskState.FAILED
    assert (told.state.status, len(told.all(EndProcess))) == ("unreached", 1)


def test_refusal_without_a_reason_is_refused_with_every_fault_named() -> None:
    told = taken()
    told.outcome("refused", comment="  ", callback_at=START)
    (refused,) = told.all(Refuse)
    assert {fault.code for fault in refused.faults} == {
        "comment_required",
        "callback_forbidden",
        "problem_required",
    }


def test_outcome_of_a_task_that_nobody_took_is_refused() -> None:
    told = story(SCHOOL)
    assert told.outcome("paid") == (Refuse("engine.outcome", Refusal.NOT_TAKEN),)


@pytest.mark.req("S4.1")
@pytest.mark.parametrize("status", ["paid", "cancelled", "false"])
def test_an_order_that_arrives_settled_opens_no_task_and_sends_nothing(status: str) -> None:
    told = story(SCHOOL, order_status=status)
    assert (told.state.status, told.all(OpenTask), told.all(RequestMessage)) == (status, [], [])


@pytest.mark.req("S4.1")
@pytest.mark.parametrize("status", ["cancelled", "false"])
def test_what_getcourse_gives_up_fails_and_what_it_reopens_goes_to_work_again(status: str) -> None:
    told = taken()
    told.on(changed(told, status))
    (closed,) = told.all(CloseTask)
    given_up = told.state.status, closed.closing.result, told.state.live
    told.on(changed(told, "awaiting_payment"))
    assert given_up == (status, TaskState.FAILED, False)
    assert (told.state.status, told.task.type, told.all(OfferWork)[-1].task_id) == (
        "new",
        "process_order",
        told.task.id,
    )


@pytest.mark.req("S4.2")
def test_a_second_unpaid_order_stays_false_while_it_is_unpaid() -> None:
    told = story(SCHOOL, "second_unpaid_order")
    told.on(changed(told, "awaiting_payment"))
    assert (told.state.status, told.state.open_tasks) == ("false", ())


def test_successors_of_owned_leads_are_not_new() -> None:
    told = taken()
    told.outcome("no_answer", call_made=True, problem="busy")
    assert told.task.lane == "again"
