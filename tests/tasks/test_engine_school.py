"""The school playbook by the engine alone: S0.1, S0.2, S0.7, S4.2-S4.4, S4.11."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from libs.common.contracts.shared import ContactKind, Direction
from services.tasks.engine.effects import (
    CloseTask,
    DeferTask,
    EndProcess,
    MarkOverdue,
    OfferWork,
    OpenTask,
    RecordContact,
    Refusal,
    Refuse,
    RequestMessage,
    SetOwner,
    SetStatus,
)
from services.tasks.engine.events import ContactRecorded
from services.tasks.engine.state import TaskState
from tests.tasks.support import ANNA, BORIS, SCHOOL, START, EngineProcess, changed, started


def taken() -> EngineProcess:
    process = started(SCHOOL)
    process.wait(timedelta(minutes=20))
    process.take()
    return process


def test_new_order_opens_its_task_and_acknowledges_at_once() -> None:
    process = started(SCHOOL)
    assert process.task.type == "process_order"
    assert [e.spec.template for e in process.all(RequestMessage)] == ["order_received"]


def test_corridor_runs_from_the_20th_to_the_35th_minute_after_receipt() -> None:
    task = started(SCHOOL).task
    assert (task.offer_from - START, task.due_at - START) == (timedelta(minutes=20), timedelta(minutes=35))


def test_nobody_is_asked_before_the_corridor_opens() -> None:
    process = started(SCHOOL)
    process.wait(timedelta(minutes=19, seconds=59))
    assert not process.all(OfferWork)


def test_work_is_pushed_once_when_the_corridor_opens() -> None:
    process = started(SCHOOL)
    process.wait(timedelta(minutes=30))
    assert [e.at - START for e in process.all(OfferWork) if not e.again] == [timedelta(minutes=20)]


def test_task_is_overdue_once_after_the_35th_minute() -> None:
    process = started(SCHOOL)
    process.wait(timedelta(hours=5))
    assert len(process.all(MarkOverdue)) == 1


def test_taking_reserves_and_changes_neither_owner_nor_status() -> None:
    process = started(SCHOOL)
    process.wait(timedelta(minutes=20))
    effects = process.take()
    assert not {SetOwner, SetStatus} & {type(effect) for effect in effects}
    assert (process.state.owner, process.state.status) == (None, "new")
    assert process.task.reserved_until == process.now + timedelta(minutes=20)


def test_the_first_call_makes_the_owner_and_sets_in_work_in_one_step() -> None:
    process = taken()
    effects = process.outcome("no_answer", call_made=True, problem="busy")
    assert {RecordContact, SetOwner, SetStatus} <= {type(effect) for effect in effects}
    assert (process.state.owner, process.state.status) == (ANNA, "in_work")


def test_sending_the_link_makes_the_owner_without_a_call() -> None:
    process = taken()
    process.outcome("link_sent")
    assert (process.state.owner, process.state.status) == (ANNA, "link_sent")


def test_taking_before_the_corridor_is_refused() -> None:
    assert started(SCHOOL).take() == (Refuse("engine.take", Refusal.NOT_OFFERED_YET),)


def test_a_taken_task_is_refused_to_anybody_else() -> None:
    assert taken().take(BORIS) == (Refuse("engine.take", Refusal.TAKEN_BY_OTHER),)


def test_second_unpaid_order_becomes_false_without_task_push_or_message() -> None:
    process = started(SCHOOL, "second_unpaid_order")
    assert process.state.status == "false"
    assert (process.all(OpenTask), process.all(OfferWork), process.all(RequestMessage)) == ([], [], [])


def test_test_number_fails_its_task_at_once_and_disturbs_nobody() -> None:
    process = started(SCHOOL, "test_number")
    (closed,) = process.all(CloseTask)
    assert (closed.closing.result, closed.closing.comment) == (TaskState.FAILED, "Тестовый номер")
    assert (process.all(OfferWork), process.all(RequestMessage)) == ([], [])


def test_payment_completes_what_is_open_by_the_system() -> None:
    process = taken()
    process.on(changed("paid"))
    (closed,) = process.all(CloseTask)
    assert (closed.closing.result, closed.closing.actor) == (TaskState.COMPLETED, "system")
    assert (process.state.status, process.state.ended_at) == ("paid", process.now)


def test_payment_after_a_refusal_still_counts_as_paid() -> None:
    process = taken()
    process.outcome("refused", problem="no_money")
    process.on(changed("paid"))
    assert process.state.status == "paid"


def test_link_sent_sends_the_link_and_follows_up_at_noon_of_the_next_day() -> None:
    process = taken()
    process.outcome("link_sent")
    assert process.all(RequestMessage)[-1].spec.template == "payment_link"
    assert process.task.offer_from == datetime(2026, 3, 3, 9, 0, tzinfo=UTC)


def test_unpaid_link_is_reminded_of_the_next_day() -> None:
    process = taken()
    process.outcome("link_sent")
    process.wait(timedelta(days=1))
    assert process.all(RequestMessage)[-1].spec.code == "payment_reminder"


def test_payment_cancels_the_follow_up_and_its_message() -> None:
    process = taken()
    process.outcome("link_sent")
    process.on(changed("paid"))
    process.wait(timedelta(days=2))
    assert [e.spec.code for e in process.all(RequestMessage)] == ["acknowledgement", "payment_link", "paid"]


def test_no_answer_defers_the_task_and_writes_to_the_customer() -> None:
    process = taken()
    process.outcome("no_answer", call_made=True, problem="busy")
    (deferred,) = process.all(DeferTask)
    assert (deferred.closing.successor_id, process.task.attempt) == (process.task.id, 2)
    assert process.all(RequestMessage)[-1].spec.code == "no_answer"


@pytest.mark.req("S0.5")
def test_a_named_time_in_between_counts_no_attempt_and_forgets_none() -> None:
    process = taken()
    attempts = []
    for outcome in ("no_answer", "no_answer", "callback", "no_answer"):
        attempts.append(process.task.attempt)
        named = outcome == "callback"
        process.outcome(
            outcome,
            call_made=True,
            problem=None if named else "busy",
            callback_at=process.now + timedelta(hours=1) if named else None,
        )
        process.wait(timedelta(hours=6))
        if process.state.live:
            process.take()
    assert (attempts, process.state.status) == ([1, 2, 3, 3], "unreached")


def test_third_no_answer_fails_the_task() -> None:
    process = taken()
    for _ in range(3):
        process.wait(timedelta(hours=6))
        process.take()
        process.outcome("no_answer", call_made=True, problem="busy")
    assert process.all(CloseTask)[-1].closing.result is TaskState.FAILED
    assert (process.state.status, len(process.all(EndProcess))) == ("unreached", 1)


def test_refusal_without_a_reason_is_refused_with_every_fault_named() -> None:
    process = taken()
    process.outcome("refused", comment="  ", callback_at=START)
    (refused,) = process.all(Refuse)
    assert {fault.code for fault in refused.faults} == {
        "comment_required",
        "callback_forbidden",
        "problem_required",
    }


def test_outcome_of_a_task_that_nobody_took_is_refused() -> None:
    process = started(SCHOOL)
    assert process.outcome("paid") == (Refuse("engine.outcome", Refusal.NOT_TAKEN),)


@pytest.mark.req("S4.1")
@pytest.mark.parametrize("status", ["paid", "cancelled", "false"])
def test_an_order_that_arrives_settled_opens_no_task_and_sends_nothing(status: str) -> None:
    process = started(SCHOOL, order_status=status)
    assert (process.state.status, process.all(OpenTask), process.all(RequestMessage)) == (status, [], [])


@pytest.mark.req("S4.1")
@pytest.mark.parametrize("status", ["cancelled", "false"])
def test_what_getcourse_gives_up_fails_and_what_it_reopens_goes_to_work_again(status: str) -> None:
    process = taken()
    process.on(changed(status))
    (closed,) = process.all(CloseTask)
    given_up = process.state.status, closed.closing.result, process.state.live
    process.on(changed("awaiting_payment"))
    assert given_up == (status, TaskState.FAILED, False)
    assert (process.state.status, process.task.type, process.all(OfferWork)[-1].task_id) == (
        "new",
        "process_order",
        process.task.id,
    )


@pytest.mark.req("S4.2")
def test_a_second_unpaid_order_stays_false_while_it_is_unpaid() -> None:
    process = started(SCHOOL, "second_unpaid_order")
    process.on(changed("awaiting_payment"))
    assert (process.state.status, process.state.open_tasks) == ("false", ())


@pytest.mark.req("S4.2")
def test_a_second_unpaid_order_stays_false_though_its_customer_writes() -> None:
    process = started(SCHOOL, "second_unpaid_order")
    process.on(ContactRecorded(process.now, kind=ContactKind.MESSAGE, direction=Direction.IN))
    process.on(changed("awaiting_payment"))
    assert (process.state.status, process.task.type) == ("false", "answer")


def test_successors_of_owned_leads_are_not_new() -> None:
    process = taken()
    process.outcome("no_answer", call_made=True, problem="busy")
    assert process.task.lane == "again"


@pytest.mark.req("S2.6")
@pytest.mark.parametrize("status", ["cancelled", "false"])
def test_the_end_of_another_order_is_not_that_of_the_lead(status: str) -> None:
    process, other = taken(), UUID(int=8)
    process.on(changed("new", order_id=other))
    process.on(changed(status, order_id=other))
    assert (process.state.live, process.state.status, process.task.type) == (True, "new", "process_order")
    process.on(changed("paid", order_id=other))
    assert (process.state.live, process.state.status) == (False, "paid")
