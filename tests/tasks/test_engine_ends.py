"""Ends of processes, and events of ended ones, on small playbooks."""

from datetime import timedelta
from uuid import uuid4

import pytest

from libs.common.contracts.shared import MessageProgress
from services.tasks.engine.effects import CloseTask, EndProcess, OpenTask, ReopenProcess, WithdrawWork
from services.tasks.engine.events import MessageMoved, OutcomeGiven, Proposed, TimerFired
from services.tasks.engine.state import TaskState, Timer, TimerKind
from services.tasks.playbooks.grammar import parse
from tests.tasks.support import ANNA, START, TINY, VOCABULARY, EngineProcess, started

TWO = "- open: call\n        - open: {type: call, due: 1h}"
DELIVERED = MessageMoved(MessageProgress.DELIVERED, "x")


def tiny(source: str) -> EngineProcess:
    return started(parse(source, VOCABULARY))


def ended(process: EngineProcess) -> EngineProcess:
    """End the oldest task, and with it the process."""
    task = process.state.open_tasks[0]
    process.on(Proposed(task.id, task.version, ANNA, uuid4()))
    process.on(OutcomeGiven(task.id, "done", "поговорили", str(ANNA.id), ANNA, False))
    return process


@pytest.mark.req("S0.1", "S0.2")
@pytest.mark.parametrize(
    ("end", "result", "comment"),
    [
        ("- end: true", TaskState.FAILED, "Процесс завершён"),
        ("- end: {result: completed, reason: {ru: Всё, en: All}}", TaskState.COMPLETED, "Всё"),
    ],
)
def test_the_end_closes_what_is_still_open_by_rule(end: str, result: TaskState, comment: str) -> None:
    process = ended(tiny(TINY.replace("- open: call", TWO).replace("- end: true", end)))
    (_, rest) = process.all(CloseTask)
    assert (rest.closing.result, rest.closing.comment, rest.closing.actor) == (result, comment, "system")
    assert (process.state.open_tasks, process.state.timers, len(process.all(EndProcess))) == ((), (), 1)


def test_the_end_takes_back_what_was_offered() -> None:
    process = tiny(TINY.replace("- open: call", TWO))
    offered = process.state.open_tasks[1]
    assert [effect.task_id for effect in ended(process).all(WithdrawWork)] == [offered.id]


@pytest.mark.parametrize("when", ["", "when: {owned: false}\n      else:\n        - open: call\n      "])
def test_an_ended_process_hears_no_rule_of_live_ones(when: str) -> None:
    rule = f"  message_delivered:\n    - {when}then:\n        - open: call\n"
    process = ended(tiny(TINY + rule))
    assert (process.on(DELIVERED), process.state.live) == ((), False)


def test_a_rule_for_ended_processes_may_open_one_again() -> None:
    rule = "  message_delivered:\n    - process: ended\n      then:\n        - open: call\n"
    process = ended(tiny(TINY + rule))
    effects = process.on(DELIVERED)
    assert [type(effect) for effect in effects[:2]] == [ReopenProcess, OpenTask]
    assert process.state.live


def test_a_timer_of_an_ended_process_changes_nothing() -> None:
    process = ended(tiny(TINY))
    before = process.state
    process.on(TimerFired(Timer("due:x", TimerKind.DUE, START + timedelta(minutes=5), before.tasks[0].id)))
    assert process.state == before
