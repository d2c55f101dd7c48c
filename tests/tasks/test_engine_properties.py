"""The engine is total and keeps what it promises for any events in any order, by any playbook."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache, reduce
from random import Random
from typing import get_args

import pytest

from libs.common.contracts.shared import SubjectKind
from services.tasks.engine.effects import Breach, Effect, OfferWork, OpenTask
from services.tasks.engine.evolve import evolve
from services.tasks.engine.rules import decide
from services.tasks.engine.settling import ANSWER_WITHIN
from services.tasks.engine.state import TaskState
from services.tasks.playbooks.model import Playbook
from tests.tasks.story import Step, Story, small, varied
from tests.tasks.support import CALLBACK, FREE, SCHOOL, started

MOVES = 25
SEEDS = range(44)
FEW = 8  # of the seeds judge a mutant: the others throw the same dice once more
LEAST = 10  # of each kind of effect in all stories, so that no check is vacuous


@cache  # two tests look at each
def steps(seed: int) -> Sequence[Step]:
    """Return a story of each kind of playbook."""
    dice = Random(seed)  # noqa: S311 - dice of a test
    playbooks = SCHOOL, CALLBACK, FREE, varied(dice), small(dice), small(dice), small(dice)
    return [step for playbook in playbooks for step in Story(dice, playbook).steps(MOVES)]


def always_something_open(step: Step) -> None:
    after = step.after
    needed = after.live and after.facts.subject.kind is SubjectKind.LEAD
    assert after.open_tasks or not needed
    assert after.live or not after.open_tasks
    assert not any(isinstance(effect, Breach) for effect in step.effects)


def offers_only_what_is_free_and_due(step: Step) -> None:
    for effect in step.effects:
        if isinstance(effect, OfferWork):
            task = step.after.open_task(effect.task_id)
            assert task is not None
            assert (task.operator_id, task.offer_from <= effect.at) == (None, True)


def changes_no_due_time_and_takes_no_version_back(step: Step) -> None:
    after = {task.id: task for task in step.after.tasks}
    assert all(after[task.id].due_at == task.due_at for task in step.before.tasks)
    assert all(after[task.id].version >= task.version for task in step.before.tasks)


def times_each_task_of_a_live_process_and_nothing_else(step: Step) -> None:
    names = {timer.name for timer in step.after.timers}
    met = {task.id for task in step.after.open_tasks if task.contacted_at and task.contacted_at <= task.due_at}
    assert all(task.overdue or task.id in met or f"due:{task.id}" in names for task in step.after.open_tasks)
    assert {timer.task_id for timer in step.after.timers} <= {None, *(task.id for task in step.after.open_tasks)}
    assert step.after.live or not names


def closes_nothing_silently(step: Step) -> None:
    closed = [task.closing for task in step.after.tasks if task.state is not TaskState.ACTIVE]
    assert all(closing is not None and closing.comment.strip() for closing in closed)
    assert len(step.after.tasks) >= len(step.before.tasks)


def changes_nothing_but_by_its_effects(step: Step) -> None:
    assert reduce(evolve, step.effects, step.before) == step.after


def lends_until_a_time_that_comes(step: Step) -> None:
    for task in step.after.open_tasks:
        timer = step.after.timer(f"return:{task.id}")
        assert (task.lent_until, task.lender_id is None) == (timer and timer.at, timer is None)
        assert task.lender_id is None or task.operator_id is not None


def reserves_for_the_first_contact_alone(step: Step) -> None:
    for task in step.after.open_tasks:
        timer = step.after.timer(f"reserve:{task.id}")
        assert (timer and timer.at) == task.reserved_until
        assert task.reserved_until is None or task.operator_id not in (None, task.contacted_id)


def waits_for_an_answer_no_longer_than_it_should(step: Step) -> None:
    for task in step.after.open_tasks:
        timer = step.after.timer(f"answer:{task.id}")
        pending = task.operator_id is None and task.offered_at is not None and not task.waiting
        due = task.offered_at + ANSWER_WITHIN if task.offered_at is not None and pending else None
        assert (timer and timer.at) == (due if step.after.live else None)


CHECKS = (
    reserves_for_the_first_contact_alone,
    waits_for_an_answer_no_longer_than_it_should,
    lends_until_a_time_that_comes,
    always_something_open,
    offers_only_what_is_free_and_due,
    changes_no_due_time_and_takes_no_version_back,
    times_each_task_of_a_live_process_and_nothing_else,
    closes_nothing_silently,
    changes_nothing_but_by_its_effects,
)


@pytest.mark.req("S2.6", "S2.8", "S0.2")
@pytest.mark.parametrize(
    "seed", [*SEEDS[:FEW], *(pytest.param(seed, marks=pytest.mark.more) for seed in SEEDS[FEW:])]
)
def test_any_playbook_keeps_every_promise_in_any_story(seed: int) -> None:
    for step in steps(seed):
        for check in CHECKS:
            check(step)


@pytest.mark.more
def test_the_stories_bring_about_every_effect_there_is() -> None:
    seen = Counter(type(effect) for seed in SEEDS for step in steps(seed) for effect in step.effects)
    assert [kind.__name__ for kind in get_args(Effect) if kind is not Breach and seen[kind] < LEAST] == []


def test_the_same_state_event_and_moment_give_the_same_decision() -> None:
    dice = Random(0)  # noqa: S311 - dice of a test
    for step in Story(dice, SCHOOL).steps(100):
        assert decide(step.before, step.event, SCHOOL, step.now) == step.effects


def test_a_playbook_that_would_leave_nothing_open_is_mended_by_its_fallback() -> None:
    process = started(SCHOOL)
    process.playbook = _with_outcome(SCHOOL, "paid")
    process.wait(timedelta(minutes=20))
    process.take()
    effects = process.outcome("paid")
    assert [type(effect) for effect in effects if isinstance(effect, Breach | OpenTask)] == [Breach, OpenTask]


def _with_outcome(playbook: Playbook, code: str) -> Playbook:
    """Return a playbook that validation refuses: an outcome that leaves no task open."""
    kind = playbook.task_types["process_order"]
    outcomes = {**kind.outcomes, code: replace(kind.outcomes[code], then=())}
    return replace(playbook, task_types={**playbook.task_types, kind.code: replace(kind, outcomes=outcomes)})
