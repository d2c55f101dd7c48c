"""What the engine answers to each event, whole: which effects, by which rule, for what reason."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from libs.common.contracts.shared import Mode, Stage
from services.tasks.engine.effects import (
    AssignTask,
    CancelTimer,
    DeclineWork,
    Effect,
    FollowStatus,
    Learn,
    MarkOverdue,
    MarkWaiting,
    Noticed,
    OfferWork,
    Record,
    Refusal,
    Refuse,
    SetOwner,
    SetTimer,
    TakeTask,
    WithdrawWork,
)
from services.tasks.engine.events import (
    Event,
    LeadReceived,
    LeadUpdated,
    OutcomeGiven,
    Proposed,
    StatusChanged,
    StatusRefused,
    Taken,
    TimerFired,
    Waiting,
)
from services.tasks.engine.facts import Customer
from services.tasks.engine.run import Run
from services.tasks.engine.settling import ANSWER_WITHIN
from services.tasks.engine.state import Operator, State, TaskId, Timer, TimerKind
from services.tasks.playbooks.grammar import parse
from services.tasks.playbooks.model import Playbook
from services.tasks.playbooks.terms import Moment
from services.tasks.playbooks.verbs import Defer, RetryAttempt
from tests.tasks.support import ANNA, BORIS, START, TINY, VOCABULARY, EngineProcess, started

PUSHED = parse(TINY, VOCABULARY)
PULLED = parse(TINY.replace("mode: push", "mode: pull"), VOCABULARY)
LATER = parse(TINY.replace("mode: push", "mode: pull").replace("due: 5m", "due: 1h\n    offer: 30m"), VOCABULARY)
DECISION, NOBODY_S = UUID(int=5), TaskId(UUID(int=99))
DUE = timedelta(minutes=5)
LATE = timedelta(minutes=30)


def given(process: EngineProcess, **other: object) -> OutcomeGiven:
    fitting = OutcomeGiven(process.task.id, "done", "поговорили", "x", ANNA, supervisor=False)
    return replace(fitting, **other)  # type: ignore[arg-type]  # names of its fields


def ended() -> EngineProcess:
    process = started(PUSHED)
    process.on(Proposed(process.task.id, process.task.version, ANNA, DECISION))
    process.outcome("done")
    return process


def test_a_lead_that_comes_again_is_noted() -> None:
    assert started(PUSHED).on(LeadReceived()) == (Record("engine.start", Noticed.RECEIVED_AGAIN),)


def test_a_new_task_is_timed_and_offered() -> None:
    process = started(PUSHED)
    timer = Timer(f"due:{process.task.id}", TimerKind.DUE, START + DUE, process.task.id)
    answer = Timer(f"answer:{process.task.id}", TimerKind.OFFER, START + ANSWER_WITHIN, process.task.id)
    assert process.effects[-3:] == [
        SetTimer("engine.due", timer),
        OfferWork("engine.offer", process.task.id, START, None),
        SetTimer("engine.timer", answer),
    ]


def test_a_task_for_later_gets_a_timer_for_its_offer_when_it_is_pushed() -> None:
    process = started(parse(TINY.replace("due: 5m", "due: 1h\n    offer: 30m"), VOCABULARY))
    timer = Timer(f"offer:{process.task.id}", TimerKind.OFFER, START + timedelta(minutes=30), process.task.id)
    assert SetTimer("engine.offer", timer) in process.effects
    process.wait(timedelta(minutes=30))
    assert process.all(OfferWork) == [
        OfferWork("engine.offer", process.task.id, START + timedelta(minutes=30), None)
    ]


def test_an_accepted_proposal_gives_the_task_and_the_lead() -> None:
    process = started(PUSHED)
    assert process.on(Proposed(process.task.id, 1, ANNA, DECISION)) == (
        AssignTask("engine.fence", process.task.id, ANNA, DECISION, START, owns=True),
        SetOwner("engine.fence", ANNA, None, "engine.fence", said=True),
        CancelTimer("engine.timer", f"answer:{process.task.id}"),
    )


@pytest.mark.parametrize(("of", "version", "reason"), [("gone", 1, "closed"), ("task", 2, "stale_version")])
def test_a_proposal_that_does_not_fit_is_declined(of: str, version: int, reason: str) -> None:
    process = started(PUSHED)
    task_id = process.task.id if of == "task" else NOBODY_S
    declined = DeclineWork("engine.fence", task_id, DECISION, ANNA, reason)
    assert process.on(Proposed(task_id, version, ANNA, DECISION)) == (declined,)


def test_nobody_free_is_marked_once() -> None:
    process = started(PUSHED)
    waits = Waiting(process.task.id)
    answered = CancelTimer("engine.timer", f"answer:{process.task.id}")
    marked = (MarkWaiting("engine.waiting", process.task.id), answered)
    assert (process.on(waits), process.on(waits)) == (marked, ())


@pytest.mark.parametrize("playbook", [PUSHED, PULLED], ids=["assigned", "never offered"])
def test_waiting_for_what_nobody_asked_is_noted(playbook: Playbook) -> None:
    process = started(playbook)
    if playbook is PUSHED:
        process.on(Proposed(process.task.id, 1, ANNA, DECISION))
    nothing = (Record("engine.waiting", Noticed.WAITING_FOR_NOTHING),)
    assert (process.on(Waiting(process.task.id)), process.on(Waiting(NOBODY_S))) == (nothing, nothing)


def test_who_pulls_a_task_has_it_and_takes_it_once() -> None:
    process = started(PULLED)
    took = (TakeTask("call.on_take", process.task.id, ANNA, START, pulled=True),)
    assert (process.take(), process.take()) == (took, (Record("engine.take", Noticed.ALREADY_TAKEN),))


def test_who_was_given_a_task_begins_it() -> None:
    process = started(PUSHED)
    process.on(Proposed(process.task.id, 1, ANNA, DECISION))
    assert process.take() == (TakeTask("call.on_take", process.task.id, ANNA, START, pulled=False),)


def test_who_takes_what_was_offered_takes_the_offer_back() -> None:
    process = started(parse(TINY.replace("mode: push", "mode: mixed"), VOCABULARY))
    assert process.take()[0] == WithdrawWork("call.on_take", process.task.id, "taken")


@pytest.mark.parametrize(("playbook", "refusal"), [(PUSHED, Refusal.PUSHED_ONLY), (LATER, Refusal.NOT_OFFERED_YET)])
def test_what_may_not_be_pulled_is_refused(playbook: Playbook, refusal: Refusal) -> None:
    assert started(playbook).take() == (Refuse("engine.take", refusal),)


def test_what_may_be_pulled_from_a_moment_on_is_given_then() -> None:
    process = started(LATER)
    process.now += timedelta(minutes=30)
    assert [type(effect) for effect in process.take()] == [TakeTask]


def test_what_another_took_or_somebody_closed_is_refused() -> None:
    process = started(PULLED)
    process.take()
    assert process.take(BORIS) == (Refuse("engine.take", Refusal.TAKEN_BY_OTHER),)
    assert process.on(Taken(NOBODY_S, ANNA)) == (Refuse("engine.take", Refusal.TASK_CLOSED),)


@pytest.mark.parametrize(
    ("holder", "other", "refusal"),
    [
        (ANNA, {"task_id": NOBODY_S}, Refusal.TASK_CLOSED),
        (None, {}, Refusal.NOT_TAKEN),
        (BORIS, {}, Refusal.TAKEN_BY_OTHER),
        (BORIS, {"operator": None}, Refusal.TAKEN_BY_OTHER),
    ],
)
def test_an_outcome_by_whom_it_is_not_is_refused(
    holder: Operator | None, other: dict[str, object], refusal: Refusal
) -> None:
    process = started(PULLED)
    if holder is not None:
        process.take(holder)
    assert process.on(given(process, **other)) == (Refuse("engine.outcome", refusal),)


def test_a_supervisor_ends_whatever_is_open() -> None:
    process = started(PULLED)
    process.on(given(process, supervisor=True, operator=None))
    assert process.state.open_tasks == ()


def test_an_outcome_that_does_not_fit_tells_all_its_faults() -> None:
    process = started(PULLED)
    process.take()
    (refused,) = process.on(given(process, comment=" ", outcome="gone"))
    assert isinstance(refused, Refuse)
    found = [fault.pointer for fault in refused.faults]
    assert (refused.rule, refused.refusal, found) == (
        "engine.matrix", Refusal.OUTCOME_REFUSED, ["/comment", "/outcome"],
    )  # fmt: skip


def test_a_task_is_overdue_once_it_is_due_and_not_before() -> None:
    process = started(PUSHED)
    name = f"due:{process.task.id}"
    due = TimerFired(Timer(name, TimerKind.DUE, START + DUE, process.task.id))
    process.now = START + DUE
    assert process.on(due) == (CancelTimer("engine.timer", name), MarkOverdue("engine.due", process.task.id))
    assert process.on(due) == ()


def test_a_timer_that_fires_early_is_set_again() -> None:
    process = started(PUSHED)
    timer = Timer(f"due:{process.task.id}", TimerKind.DUE, START + DUE, process.task.id)
    assert process.on(TimerFired(timer)) == (CancelTimer("engine.timer", timer.name), SetTimer("engine.due", timer))


@pytest.mark.parametrize("task_id", [None, NOBODY_S])
def test_a_timer_of_a_task_that_is_closed_is_noted(task_id: TaskId | None) -> None:
    fired = TimerFired(Timer("due:?", TimerKind.DUE, START, task_id))
    assert started(PUSHED).on(fired) == (Record("engine.timer", Noticed.TASK_CLOSED),)


def test_a_timer_of_an_ended_process_is_noted() -> None:
    assert ended().on(TimerFired(Timer("later", TimerKind.PLAYBOOK, START))) == (
        Record("engine.timer", Noticed.PROCESS_ENDED),
    )


def test_a_timer_that_the_playbook_does_not_know_does_nothing() -> None:
    assert started(PUSHED).on(TimerFired(Timer("gone", TimerKind.PLAYBOOK, START))) == ()


def test_what_intake_says_of_the_customer_is_learnt() -> None:
    process = started(PUSHED)
    after = replace(process.state.facts, customer=Customer("Ольга"), language="en", zone="Asia/Omsk")
    assert process.on(LeadUpdated(Customer("Ольга"), "en", "Asia/Omsk")) == (Learn("engine.facts", after),)


@pytest.mark.parametrize(
    ("event", "effects"),
    [
        (StatusChanged("won", Stage.WORKING, by_us=False), (FollowStatus("engine.status", "won", Stage.WORKING),)),
        (StatusChanged("won", Stage.WORKING, by_us=True), ()),
        (StatusChanged("new", Stage.NEW, by_us=False), ()),
        (StatusRefused("new", "new", "stale"), (FollowStatus("engine.status", "new", Stage.NEW),)),
        (StatusRefused("won", "new", "stale"), ()),
        (StatusRefused("new", "foreign", "stale"), ()),
    ],
)
def test_a_status_is_followed_when_it_is_news(event: Event, effects: tuple[Effect, ...]) -> None:
    assert started(PUSHED).on(event) == effects


def _run(state: State) -> Run:
    return Run(state.copy(), PUSHED, START, rule="here")


@pytest.mark.parametrize("step", [Defer(Moment()), RetryAttempt("calls")])
@pytest.mark.parametrize("in_hand", [False, True])
def test_without_an_open_task_in_hand_there_is_nothing_to_defer(step: Defer | RetryAttempt, in_hand: bool) -> None:
    run = _run(ended().state)
    run.task = replace(started(PUSHED).task, id=NOBODY_S) if in_hand else None
    run.steps((step,))
    assert run.effects == [Record("here", Noticed.NOTHING_TO_DEFER)]


@pytest.mark.parametrize(
    ("was", "step", "important"),
    [(True, None, True), (False, None, False), (True, False, False), (False, True, True)],
)
def test_a_deferred_task_stays_as_important_unless_the_step_says_otherwise(
    was: bool, step: bool | None, important: bool
) -> None:
    process = started(PUSHED)
    task = replace(process.task, important=was, attempt=3, mode=Mode.PUSH)
    process.state.tasks = (task,)
    run = _run(process.state)
    run.task = task
    run.steps((Defer(Moment(), lane="new", important=step),))
    successor = run.state.open_tasks[0]
    assert (successor.important, successor.attempt, successor.lane) == (important, 3, "new")
