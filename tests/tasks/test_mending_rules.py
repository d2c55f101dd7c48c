"""A wrong outcome is taken back: of any playbook, in any story, the process is as it was before."""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from random import Random

import pytest

from services.tasks.engine.deeds import deed_of
from services.tasks.engine.effects import Refuse
from services.tasks.engine.events import OutcomeGiven, TakenBack
from services.tasks.engine.kept import TakeBack
from services.tasks.engine.mending import worked_on
from services.tasks.engine.rules import resolve
from services.tasks.engine.state import State, Timer, TimerKind
from tests.tasks.story import Step, Story, small, varied
from tests.tasks.support import ANNA, BORIS, CALLBACK, SCHOOL

SEEDS = range(12)
LEAST = 100  # outcomes taken back, so that the check is not vacuous
PRESENT = {who.id: who for who in (ANNA, BORIS)}


@cache  # two tests look at each
def taken_back(seed: int) -> Sequence[tuple[Step, State]]:
    """Return the outcomes of stories, each with the state after it was taken back at once."""
    return [*_taken_back(seed)]


def _taken_back(seed: int) -> Iterator[tuple[Step, State]]:
    dice = Random(seed)  # noqa: S311 - dice of a test
    for playbook in (SCHOOL, CALLBACK, varied(dice), small(dice), small(dice), small(dice)):
        for step in Story(dice, playbook).steps(40):
            if not isinstance(step.event, OutcomeGiven) or isinstance(step.effects[0], Refuse):
                continue
            task = next(task for task in step.before.tasks if task.id == step.event.task_id)
            deed = deed_of(
                task, step.event.actor, step.event.outcome, step.now, step.before, step.after, step.effects
            )
            if not worked_on(step.after, deed):
                event = TakenBack(deed, "x", "не тот исход", present=PRESENT)
                yield step, resolve(step.after, event, playbook, step.now).state


def as_it_stands(state: State) -> dict[str, object]:
    """Return what an outcome may change, without the ids of tasks."""
    return {
        "open": Counter((task.type, task.due_at, task.operator_id, task.brief) for task in state.open_tasks),
        "timers": {timer for timer in state.timers if timer.kind is TimerKind.PLAYBOOK},
        "due": Counter(
            timer.at for timer in state.timers if timer.name.startswith("due:") and not met(state, timer)
        ),
        "kept": [dict(state.attempts), dict(state.counts), dict(state.fields), state.documents],
        "owner": state.owner,
        "status": state.status,
        "live": state.live,
    }


def met(state: State, timer: Timer) -> bool:
    """Return whether a due time has nothing to say: the first contact came in time, or it was said already."""
    task = state.open_task(timer.task_id) if timer.task_id else None
    if task is None:
        return False
    return task.overdue or (task.contacted_at is not None and task.contacted_at <= task.due_at)


@pytest.mark.req("P.15")
@pytest.mark.parametrize("seed", SEEDS)
def test_a_process_is_as_it_was_before_the_outcome(seed: int) -> None:
    for step, state in taken_back(seed):
        before = as_it_stands(step.before)
        if step.before.status in (None, "foreign"):  # there is no way back to none, or to what the playbook lacks
            before["status"] = state.status
        assert as_it_stands(state) == before


def test_many_outcomes_are_taken_back() -> None:
    assert sum(1 for seed in SEEDS for _ in taken_back(seed)) > LEAST


def test_an_outcome_whose_successor_was_taken_stays() -> None:
    dice = Random(1)  # noqa: S311 - dice of a test
    for step in Story(dice, SCHOOL).steps(400):
        if isinstance(step.event, TakenBack) and worked_on(step.before, step.event.deed):
            assert [type(effect) for effect in step.effects] == [Refuse]
        elif isinstance(step.event, TakenBack):
            assert any(isinstance(effect, TakeBack) for effect in step.effects)
