"""The engine is total and keeps S2.6 for any events in any order, by any playbook."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import reduce
from typing import Protocol, TypeVar
from uuid import UUID, uuid4

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from services.tasks.engine.effects import Breach, Effect, OfferWork, OpenTask
from services.tasks.engine.events import (
    Event,
    LeadReceived,
    LeadUpdated,
    MessageMoved,
    MessageStep,
    OrderChanged,
    OutcomeGiven,
    Proposed,
    StatusChanged,
    StatusRefused,
    Taken,
    TimerFired,
    Waiting,
)
from services.tasks.engine.evolve import evolve
from services.tasks.engine.rules import decide, resolve
from services.tasks.engine.state import Customer, State, TaskId, TaskState, Timer, TimerKind
from services.tasks.playbooks.grammar import parse
from services.tasks.playbooks.model import Playbook
from tests.tasks.support import ANNA, BORIS, CALLBACK, LIBRARY, SCHOOL, START, VOCABULARY, Story, blank, facts

T = TypeVar("T")


class Draw(Protocol):
    """Hypothesis' own `draw`."""

    def __call__(self, strategy: st.SearchStrategy[T]) -> T: ...


Check = Callable[[State, tuple[Effect, ...], State], None]
SIGNALS = st.lists(st.sampled_from(sorted(VOCABULARY.signals)), max_size=2)
PEOPLE = st.sampled_from([ANNA, BORIS])
STATUSES = st.sampled_from(sorted(VOCABULARY.order_statuses))
PAUSES = st.sampled_from(
    [timedelta(0), timedelta(seconds=30), timedelta(minutes=20), timedelta(hours=5), timedelta(days=2)]
)


@st.composite
def varied(draw: Draw) -> Playbook:
    """A shipped playbook with other delays, limits, modes, ranks and offers."""
    raw = yaml.safe_load(
        (LIBRARY / f"{draw(st.sampled_from(['callback', 'school']))}.yaml").read_text(encoding="utf-8")
    )
    for kind in raw["task_types"].values():
        kind["mode"] = draw(st.sampled_from(["push", "pull", "mixed"]))
        kind["due"] = draw(st.sampled_from(["0m", "15m", "3d"]))
        kind["offer"] = draw(st.sampled_from(["0m", "10m", "4d"]))
        kind["prefer_owner"] = draw(st.booleans())
    for policy in raw["attempts"].values():
        policy["limit"] = draw(st.integers(1, 5))
        policy["delays"] = draw(st.lists(st.sampled_from(["1m", "2h", "1d"]), min_size=1, max_size=3))
    return parse(yaml.safe_dump(raw).replace("true:\n", '"on":\n'), VOCABULARY)


@st.composite
def events(draw: Draw, state: State, playbook: Playbook) -> Event:
    """Any event: about tasks that are open, were open or never existed."""
    task_id = draw(st.sampled_from([*(task.id for task in state.tasks), TaskId(UUID(int=99))]))
    codes = [code for kind in playbook.task_types.values() for code in kind.outcomes]
    timers = [
        *state.timers,
        Timer("unknown", TimerKind.PLAYBOOK, START),
        Timer("due:x", TimerKind.DUE, START, task_id),
    ]
    statuses = st.sampled_from([*playbook.statuses, "foreign"])
    given_outcome = OutcomeGiven(
        task_id=task_id,
        outcome=draw(st.sampled_from([*codes, "unknown"])),
        comment=draw(st.sampled_from(["да", " "])),
        actor="x",
        operator=draw(PEOPLE),
        supervisor=draw(st.booleans()),
        call_made=draw(st.sampled_from([True, None])),
        callback_at=draw(st.sampled_from([None, START + timedelta(days=3)])),
        problem=draw(st.sampled_from([None, *playbook.problems])),
    )
    choices: list[Event] = [
        LeadReceived(),
        LeadUpdated(Customer(), "en", "Asia/Omsk"),
        OrderChanged(state.facts.order_id, draw(STATUSES), None, None, None),
        StatusChanged(draw(statuses), "working", draw(st.booleans())),
        StatusRefused(draw(statuses), "new", "stale"),
        Proposed(task_id, draw(st.integers(1, 3)), draw(PEOPLE), uuid4()),
        Waiting(task_id),
        Taken(task_id, draw(PEOPLE)),
        given_outcome,
        given_outcome,
        TimerFired(draw(st.sampled_from(timers))),
        MessageMoved(draw(st.sampled_from(MessageStep)), draw(st.sampled_from([*playbook.messages, "?"]))),
    ]
    return draw(st.sampled_from(choices))


def tell(data: st.DataObject, playbook: Playbook, check: Check) -> None:
    """Tell a random story and check every decision of it."""
    told = Story(playbook, blank(playbook, facts(*data.draw(SIGNALS), order_status=data.draw(STATUSES))))
    for _ in range(data.draw(st.integers(1, 12))):
        told.now += data.draw(PAUSES)
        before = told.state
        effects = told.on(data.draw(events(before, playbook)))
        check(before, effects, told.state)


def always_something_open(_: State, effects: tuple[Effect, ...], after: State) -> None:
    assert not after.live or after.open_tasks
    assert not any(isinstance(effect, Breach) for effect in effects)


def offers_only_what_is_free_and_due(_: State, effects: tuple[Effect, ...], after: State) -> None:
    for effect in effects:
        if isinstance(effect, OfferWork):
            task = after.open_task(effect.task_id)
            assert task is not None
            assert (task.operator_id, task.offer_from <= effect.at) == (None, True)


def changes_no_due_time(before: State, _: tuple[Effect, ...], after: State) -> None:
    due = {task.id: task.due_at for task in after.tasks}
    assert all(due[task.id] == task.due_at for task in before.tasks)


def gives_each_task_a_due_timer(_: State, __: tuple[Effect, ...], after: State) -> None:
    names = {timer.name for timer in after.timers}
    assert all(task.overdue or f"due:{task.id}" in names for task in after.open_tasks if after.live)


def closes_nothing_silently(before: State, _: tuple[Effect, ...], after: State) -> None:
    closed = [task.closing for task in after.tasks if task.state is not TaskState.ACTIVE]
    assert all(closing is not None and closing.comment.strip() for closing in closed)
    assert len(after.tasks) >= len(before.tasks)


CHECKS = st.sampled_from(
    [
        always_something_open,
        offers_only_what_is_free_and_due,
        changes_no_due_time,
        gives_each_task_a_due_timer,
        closes_nothing_silently,
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.data(), st.sampled_from([SCHOOL, CALLBACK]), CHECKS)
def test_shipped_playbooks_keep_every_invariant_in_any_story(
    data: st.DataObject, playbook: Playbook, check: Check
) -> None:
    tell(data, playbook, check)


@settings(max_examples=100, deadline=None)
@given(st.data(), varied(), CHECKS)
def test_any_valid_playbook_keeps_every_invariant_in_any_story(
    data: st.DataObject, playbook: Playbook, check: Check
) -> None:
    tell(data, playbook, check)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_the_same_state_event_and_moment_give_the_same_decision(data: st.DataObject) -> None:
    told = Story(SCHOOL, blank(SCHOOL, facts()))
    told.on(LeadReceived())
    event = data.draw(events(told.state, SCHOOL))
    assert decide(told.state, event, SCHOOL, told.now) == decide(told.state, event, SCHOOL, told.now)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_the_state_after_a_decision_is_its_effects_folded(data: st.DataObject) -> None:
    told = Story(SCHOOL, blank(SCHOOL, facts()))
    told.on(LeadReceived())
    event = data.draw(events(told.state, SCHOOL).filter(lambda found: not isinstance(found, TimerFired)))
    decision = resolve(told.state, event, SCHOOL, told.now)
    assert reduce(evolve, decision.effects, told.state) == decision.state


def test_a_playbook_that_would_leave_nothing_open_is_mended_by_its_fallback() -> None:
    told = Story(SCHOOL, blank(SCHOOL, facts()))
    told.on(LeadReceived())
    silent = SCHOOL.task_types["process_order"].outcomes["paid"]
    told.playbook = _with_outcome(SCHOOL, silent.code)
    told.wait(timedelta(minutes=20))
    told.take()
    effects = told.outcome("paid")
    assert [type(effect) for effect in effects if isinstance(effect, Breach | OpenTask)] == [Breach, OpenTask]


def _with_outcome(playbook: Playbook, code: str) -> Playbook:
    """A playbook as validation would never let it pass: an outcome that leads nowhere."""
    kind = playbook.task_types["process_order"]
    outcomes = {**kind.outcomes, code: replace(kind.outcomes[code], then=())}
    return replace(playbook, task_types={**playbook.task_types, kind.code: replace(kind, outcomes=outcomes)})
