"""What the steps of a playbook do, whole: closings in a person's words, attempts, messages, and what is learnt."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from libs.common.contracts.shared import Stage
from services.tasks.engine.effects import (
    CloseTask,
    CountAttempt,
    DeferTask,
    Effect,
    Learn,
    Noticed,
    Record,
    RequestMessage,
    WithdrawWork,
)
from services.tasks.engine.events import (
    LeadUpdated,
    OutcomeGiven,
    Proposed,
    StatusChanged,
    StatusRefused,
    TimerFired,
    Waiting,
)
from services.tasks.engine.facts import Customer, Order
from services.tasks.engine.run import Run
from services.tasks.engine.state import SYSTEM, Closing, TaskState, Timer, TimerKind
from services.tasks.playbooks.grammar import parse
from services.tasks.playbooks.terms import Moment, Result, Title
from services.tasks.playbooks.verbs import Close, Defer, SendMessage
from tests.tasks.support import (
    ANNA,
    CALLBACK,
    ORDER_ID,
    SCHOOL,
    START,
    TINY,
    VOCABULARY,
    EngineProcess,
    changed,
    started,
)

HOUR = timedelta(hours=1)
OVER = Title("Больше не нужно", "Not needed any more")
NOTE = "{ru: Слово, en: Word}"


def taken() -> EngineProcess:
    process = started(CALLBACK)
    process.take()
    return process


def run_of(process: EngineProcess) -> Run:
    """A decision about to be made, with the open task in hand."""
    return Run(process.state.copy(), process.playbook, process.now, rule="here", task=process.task)


def by_anna(process: EngineProcess, outcome: str, **other: object) -> tuple[Effect, ...]:
    event = OutcomeGiven(
        process.task.id, outcome, "поговорили", str(ANNA.id), ANNA, supervisor=False, call_made=True
    )
    return process.on(replace(event, **other))  # type: ignore[arg-type]  # names of its fields


def test_a_task_is_closed_in_the_words_of_who_did_it() -> None:
    process = taken()
    task = process.task
    closing = Closing(
        TaskState.FAILED, "refused", "поговорили", str(ANNA.id), "call_back.refused", START, True, "expensive"
    )
    assert by_anna(process, "refused", problem="expensive")[0] == CloseTask("call_back.refused", task.id, closing)


def test_a_deferred_task_is_closed_with_the_time_asked_for_and_followed_by_its_twin() -> None:
    process = taken()
    task, later = process.task, START + HOUR
    (deferred,) = [
        effect for effect in by_anna(process, "callback", callback_at=later) if isinstance(effect, DeferTask)
    ]
    closing = Closing(
        TaskState.DEFERRED, "callback", "поговорили", str(ANNA.id), "call_back.callback", START, True, None, later,
        process.task.id,
    )  # fmt: skip
    assert (deferred.rule, deferred.task_id, deferred.closing) == ("call_back.callback", task.id, closing)
    assert (process.task.lane, process.task.due_at, process.task.important) == ("again", later, True)


def test_an_attempt_in_vain_is_counted_under_its_own_name() -> None:
    process = taken()
    process.state.tasks = (replace(process.task, important=True),)
    effects = by_anna(process, "no_answer", problem="busy")
    assert effects[0] == CountAttempt("task_types.call_back.outcomes.no_answer.then.0.choose.2", "calls", 1)
    assert (process.task.rule, process.task.attempt, process.task.important) == ("attempts.calls.1", 2, True)
    assert process.all(RequestMessage)[-1].rule == "attempts.calls.1"


def test_a_task_that_is_closed_by_rule_is_closed_by_the_system_and_asked_for_no_more() -> None:
    process = started(CALLBACK)
    run = run_of(process)
    run.steps((Close(Result.FAILED, OVER),))
    closing = Closing(TaskState.FAILED, None, OVER.ru, SYSTEM, "here", START)
    assert run.effects == [
        WithdrawWork("here", process.task.id, "closed"),
        CloseTask("here", process.task.id, closing),
    ]
    (closed,) = run.state.tasks
    withdrawn_and_closed = process.task.version + 2
    assert (closed.state, closed.waiting, closed.version) == (TaskState.FAILED, False, withdrawn_and_closed)


@pytest.mark.parametrize(("types", "left"), [(("call_back",), 0), (("other",), 1)])
def test_a_rule_closes_the_types_that_it_names(types: tuple[str, ...], left: int) -> None:
    run = run_of(started(CALLBACK))
    run.steps((Close(Result.FAILED, OVER, types),))
    assert len(run.state.open_tasks) == left


def test_work_that_is_deferred_is_asked_for_no_more() -> None:
    process = started(CALLBACK)
    run = run_of(process)
    run.steps((Defer(Moment(after=HOUR), lane="mine"),))
    assert run.effects[0] == WithdrawWork("here", process.task.id, "deferred")
    assert isinstance(run.effects[1], DeferTask)
    assert (run.effects[1].successor.lane, run.effects[1].closing.comment) == ("mine", "")
    assert run.effects[1].closing.actor == SYSTEM


def test_a_message_is_asked_for_with_its_number_and_deadline() -> None:
    process = started(CALLBACK)
    run = run_of(process)
    spec, task = CALLBACK.messages["no_answer"], process.task.id
    run.steps((SendMessage("no_answer"), SendMessage("no_answer")))
    assert run.effects == [
        RequestMessage("here", spec, number, task, START + timedelta(hours=12)) for number in (1, 2)
    ]


def test_a_message_that_goes_once_is_not_asked_for_again() -> None:
    run = run_of(started(CALLBACK))
    run.steps((SendMessage("acknowledgement"),))
    assert run.effects == [Record("here", Noticed.MESSAGE_ALREADY_REQUESTED)]


def test_a_message_of_no_task_and_no_deadline_has_neither() -> None:
    run = run_of(started(SCHOOL))
    run.task, run.playbook = (
        None,
        replace(CALLBACK, messages={"x": replace(CALLBACK.messages["no_answer"], deadline=None)}),
    )
    run.steps((SendMessage("x"),))
    (asked,) = run.effects
    assert isinstance(asked, RequestMessage)
    assert (asked.task_id, asked.deadline) == (None, None)


@pytest.mark.parametrize(
    ("amount", "currency", "link", "learnt"),
    [
        (Decimal(5), "USD", "https://b.example", (Decimal(5), "USD", "https://b.example")),
        (None, None, None, (Decimal(9), "RUB", "https://a.example")),
    ],
)
def test_an_order_that_changes_is_learnt_and_what_it_does_not_say_stays(
    amount: Decimal | None, currency: str | None, link: str | None, learnt: tuple[Decimal, str, str]
) -> None:
    process = started(CALLBACK)
    known = Order(ORDER_ID, "1042", "new", amount=Decimal(9), currency="RUB", payment_link="https://a.example")
    process.state.facts = replace(process.state.facts, order=known)
    process.on(changed("paid", amount, currency, link))
    after = replace(known, status="paid", amount=learnt[0], currency=learnt[1], payment_link=learnt[2])
    assert [learn.facts.order for learn in process.all(Learn)] == [after]


def test_another_order_of_the_lead_teaches_nothing() -> None:
    process = started(CALLBACK)
    process.on(changed("paid", Decimal(5), "USD", order_id=UUID(int=8)))
    assert process.all(Learn) == []


RULED = parse(
    TINY
    + f"""\
  lead_updated: [{{then: [{{note: {NOTE}}}]}}]
  status_changed: [{{then: [{{note: {NOTE}}}]}}]
  status_refused: [{{then: [{{note: {NOTE}}}]}}]
  task_assigned: [{{when: {{type: call}}, then: [{{note: {NOTE}}}]}}]
  work_waiting: [{{when: {{type: call}}, then: [{{note: {NOTE}}}]}}]
  task_overdue: [{{when: {{type: call}}, then: [{{note: {NOTE}}}]}}]
  order_changed: [{{when: {{order_status: paid}}, then: [{{note: {NOTE}}}]}}]
""",
    VOCABULARY,
)


def noted(effects: tuple[Effect, ...]) -> list[str]:
    return [effect.code for effect in effects if isinstance(effect, Record)]


def test_the_playbook_is_asked_whatever_is_reported() -> None:
    process = started(RULED)
    assert noted(process.on(LeadUpdated(Customer(), "ru", "Asia/Omsk"))) == ["note"]
    assert noted(process.on(StatusChanged("new", Stage.NEW, by_us=True))) == ["note"]
    assert noted(process.on(StatusRefused("won", "new", "stale"))) == ["note"]
    assert noted(process.on(changed("paid"))) == ["note"]
    assert noted(process.on(changed("new"))) == []


def test_the_playbook_is_asked_about_the_task_in_hand() -> None:
    process = started(RULED)
    due = Timer(f"due:{process.task.id}", TimerKind.DUE, process.task.due_at, process.task.id)
    assert noted(process.on(Waiting(process.task.id))) == ["note"]
    assert noted(process.on(Proposed(process.task.id, process.task.version, ANNA, UUID(int=5)))) == ["note"]
    process.now = process.task.due_at
    assert noted(process.on(TimerFired(due))) == ["note"]
