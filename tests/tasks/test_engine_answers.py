"""What the engine answers to each event, whole: which effects, by which rule, for what reason."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from services.tasks.engine.effects import (
    AssignTask,
    CancelTimer,
    DeclineWork,
    Effect,
    FollowStatus,
    Learn,
    MarkOverdue,
    MarkWaiting,
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
from services.tasks.engine.run import Run
from services.tasks.engine.state import Customer, Operator, State, TaskId, Timer, TimerKind
from services.tasks.playbooks.grammar import parse
from services.tasks.playbooks.model import Defer, Mode, Moment, Playbook, Schedule, Try
from tests.tasks.support import ANNA, BORIS, START, TINY, VOCABULARY, Story, story

PUSHED = parse(TINY, VOCABULARY)
PULLED = parse(TINY.replace("mode: push", "mode: pull"), VOCABULARY)
LATER = parse(TINY.replace("mode: push", "mode: pull").replace("due: 5m", "due: 1h\n    offer: 30m"), VOCABULARY)
DECISION, NOBODY_S = UUID(int=5), TaskId(UUID(int=99))
DUE = timedelta(minutes=5)


def given(told: Story, **other: object) -> OutcomeGiven:
    fitting = OutcomeGiven(told.task.id, "done", "поговорили", "x", ANNA, supervisor=False)
    return replace(fitting, **other)  # type: ignore[arg-type]  # names of its fields


def ended() -> Story:
    told = story(PUSHED)
    told.on(Proposed(told.task.id, told.task.version, ANNA, DECISION))
    told.outcome("done")
    return told


def test_a_lead_that_comes_again_is_noted() -> None:
    assert story(PUSHED).on(LeadReceived()) == (Record("engine.start", "received_again"),)


def test_a_new_task_is_timed_and_offered() -> None:
    told = story(PUSHED)
    timer = Timer(f"due:{told.task.id}", TimerKind.DUE, START + DUE, told.task.id)
    assert told.effects[-2:] == [
        SetTimer("engine.due", timer),
        OfferWork("engine.offer", told.task.id, START, None),
    ]


def test_a_task_for_later_gets_a_timer_for_its_offer_when_it_is_pushed() -> None:
    told = story(parse(TINY.replace("due: 5m", "due: 1h\n    offer: 30m"), VOCABULARY))
    timer = Timer(f"offer:{told.task.id}", TimerKind.OFFER, START + timedelta(minutes=30), told.task.id)
    assert told.all(SetTimer)[-1] == SetTimer("engine.offer", timer)
    told.wait(timedelta(minutes=30))
    assert told.all(OfferWork) == [OfferWork("engine.offer", told.task.id, START + timedelta(minutes=30), None)]


def test_an_accepted_proposal_gives_the_task_and_the_lead() -> None:
    told = story(PUSHED)
    assert told.on(Proposed(told.task.id, 1, ANNA, DECISION)) == (
        AssignTask("engine.fence", told.task.id, ANNA, DECISION, START),
        SetOwner("engine.fence", ANNA, None, "engine.fence"),
    )


@pytest.mark.parametrize(("of", "version", "reason"), [("gone", 1, "closed"), ("task", 2, "stale_version")])
def test_a_proposal_that_does_not_fit_is_declined(of: str, version: int, reason: str) -> None:
    told = story(PUSHED)
    task_id = told.task.id if of == "task" else NOBODY_S
    declined = DeclineWork("engine.fence", task_id, DECISION, ANNA, reason)
    assert told.on(Proposed(task_id, version, ANNA, DECISION)) == (declined,)


def test_nobody_free_is_marked_once() -> None:
    told = story(PUSHED)
    waits = Waiting(told.task.id)
    assert (told.on(waits), told.on(waits)) == ((MarkWaiting("engine.waiting", told.task.id),), ())


@pytest.mark.parametrize("playbook", [PUSHED, PULLED], ids=["assigned", "never offered"])
def test_waiting_for_what_nobody_asked_is_noted(playbook: Playbook) -> None:
    told = story(playbook)
    if playbook is PUSHED:
        told.on(Proposed(told.task.id, 1, ANNA, DECISION))
    nothing = (Record("engine.waiting", "waiting_for_nothing"),)
    assert (told.on(Waiting(told.task.id)), told.on(Waiting(NOBODY_S))) == (nothing, nothing)


def test_who_pulls_a_task_has_it_and_takes_it_once() -> None:
    told = story(PULLED)
    took = (TakeTask("call.on_take", told.task.id, ANNA, START, pulled=True),)
    assert (told.take(), told.take()) == (took, (Record("engine.take", "already_taken"),))


def test_who_was_given_a_task_begins_it() -> None:
    told = story(PUSHED)
    told.on(Proposed(told.task.id, 1, ANNA, DECISION))
    assert told.take() == (TakeTask("call.on_take", told.task.id, ANNA, START, pulled=False),)


def test_who_takes_what_was_offered_takes_the_offer_back() -> None:
    told = story(parse(TINY.replace("mode: push", "mode: mixed"), VOCABULARY))
    assert told.take()[0] == WithdrawWork("call.on_take", told.task.id, "taken")


@pytest.mark.parametrize(("playbook", "refusal"), [(PUSHED, Refusal.PUSHED_ONLY), (LATER, Refusal.NOT_OFFERED_YET)])
def test_what_may_not_be_pulled_is_refused(playbook: Playbook, refusal: Refusal) -> None:
    assert story(playbook).take() == (Refuse("engine.take", refusal),)


def test_what_may_be_pulled_from_a_moment_on_is_given_then() -> None:
    told = story(LATER)
    told.now += timedelta(minutes=30)
    assert [type(effect) for effect in told.take()] == [TakeTask]


def test_what_another_took_or_somebody_closed_is_refused() -> None:
    told = story(PULLED)
    told.take()
    assert told.take(BORIS) == (Refuse("engine.take", Refusal.TAKEN_BY_OTHER),)
    assert told.on(Taken(NOBODY_S, ANNA)) == (Refuse("engine.take", Refusal.TASK_CLOSED),)


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
    told = story(PULLED)
    if holder is not None:
        told.take(holder)
    assert told.on(given(told, **other)) == (Refuse("engine.outcome", refusal),)


def test_a_supervisor_ends_whatever_is_open() -> None:
    told = story(PULLED)
    told.on(given(told, supervisor=True, operator=None))
    assert told.state.open_tasks == ()


def test_an_outcome_that_does_not_fit_tells_all_its_faults() -> None:
    told = story(PULLED)
    told.take()
    (refused,) = told.on(given(told, comment=" ", outcome="gone"))
    assert isinstance(refused, Refuse)
    found = [fault.pointer for fault in refused.faults]
    assert (refused.rule, refused.refusal, found) == (
        "engine.matrix", Refusal.OUTCOME_REFUSED, ["/comment", "/outcome"],
    )  # fmt: skip


def test_a_task_is_overdue_once_it_is_due_and_not_before() -> None:
    told = story(PUSHED)
    name = f"due:{told.task.id}"
    due = TimerFired(Timer(name, TimerKind.DUE, START + DUE, told.task.id))
    told.now = START + DUE
    assert told.on(due) == (CancelTimer("engine.timer", name), MarkOverdue("engine.due", told.task.id))
    assert told.on(due) == ()


def test_a_timer_that_fires_early_is_set_again() -> None:
    told = story(PUSHED)
    timer = Timer(f"due:{told.task.id}", TimerKind.DUE, START + DUE, told.task.id)
    assert told.on(TimerFired(timer)) == (CancelTimer("engine.timer", timer.name), SetTimer("engine.due", timer))


@pytest.mark.parametrize("task_id", [None, NOBODY_S])
def test_a_timer_of_a_task_that_is_closed_is_noted(task_id: TaskId | None) -> None:
    fired = TimerFired(Timer("due:?", TimerKind.DUE, START, task_id))
    assert story(PUSHED).on(fired) == (Record("engine.timer", "task_closed"),)


def test_a_timer_of_an_ended_process_is_noted() -> None:
    assert ended().on(TimerFired(Timer("later", TimerKind.PLAYBOOK, START))) == (
        Record("engine.timer", "process_ended"),
    )


def test_a_timer_that_the_playbook_does_not_know_does_nothing() -> None:
    assert story(PUSHED).on(TimerFired(Timer("gone", TimerKind.PLAYBOOK, START))) == ()


def test_what_intake_says_of_the_customer_is_learnt() -> None:
    told = story(PUSHED)
    after = replace(told.state.facts, customer=Customer("Ольга"), language="en", zone="Asia/Omsk")
    assert told.on(LeadUpdated(Customer("Ольга"), "en", "Asia/Omsk")) == (Learn("engine.facts", after),)


@pytest.mark.parametrize(
    ("event", "effects"),
    [
        (StatusChanged("won", "working", by_us=False), (FollowStatus("engine.status", "won", "working"),)),
        (StatusChanged("won", "working", by_us=True), ()),
        (StatusChanged("new", "new", by_us=False), ()),
        (StatusRefused("new", "new", "stale"), (FollowStatus("engine.status", "new", "new"),)),
        (StatusRefused("won", "new", "stale"), ()),
        (StatusRefused("new", "foreign", "stale"), ()),
    ],
)
def test_a_status_is_followed_when_it_is_news(event: Event, effects: tuple[Effect, ...]) -> None:
    assert story(PUSHED).on(event) == effects


def _run(state: State) -> Run:
    return Run(state.copy(), PUSHED, START, rule="here")


@pytest.mark.parametrize("step", [Defer(Schedule(Moment())), Try("calls")])
@pytest.mark.parametrize("in_hand", [False, True])
def test_without_an_open_task_in_hand_there_is_nothing_to_defer(step: Defer | Try, in_hand: bool) -> None:
    run = _run(ended().state)
    run.task = replace(story(PUSHED).task, id=NOBODY_S) if in_hand else None
    run.steps((step,))
    assert run.effects == [Record("here", "nothing_to_defer")]


@pytest.mark.parametrize(
    ("was", "step", "important"),
    [(True, None, True), (False, None, False), (True, False, False), (False, True, True)],
)
def test_a_deferred_task_stays_as_important_unless_the_step_says_otherwise(
    was: bool, step: bool | None, important: bool
) -> None:
    told = story(PUSHED)
    task = replace(told.task, important=was, attempt=3, mode=Mode.PUSH)
    told.state.tasks = (task,)
    run = _run(told.state)
    run.task = task
    run.steps((Defer(Schedule(Moment()), lane="new", important=step),))
    successor = run.state.open_tasks[0]
    assert (successor.important, successor.attempt, successor.lane) == (important, 3, "new")
