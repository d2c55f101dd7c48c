"""Tasks that wait for their time are given out at once (S0.4, S4.4): state in, effects out."""

from collections.abc import Collection, Iterator
from datetime import datetime

from services.tasks.engine.asking import StopAttempts
from services.tasks.engine.effects import BringForward, CancelTimer
from services.tasks.engine.state import State
from services.tasks.playbooks.model import Playbook
from services.tasks.playbooks.verbs import RetryAttempt
from services.tasks.playbooks.walk import walk


def brought_forward(
    state: State, types: Collection[str], rule: str, now: datetime
) -> Iterator[BringForward | CancelTimer]:
    """Yield what lets waiting tasks of these types be given out; settling then offers them, or queues show them."""
    for task in state.open_tasks:
        if task.type in types and task.operator_id is None and task.offer_from > now:
            yield BringForward(rule, task.id, now)
            if state.timer(f"offer:{task.id}") is not None:
                yield CancelTimer(rule, f"offer:{task.id}")


def attempts_over(state: State, playbook: Playbook, types: Collection[str], rule: str) -> Iterator[StopAttempts]:
    """Yield the end of the attempts that were counted for open tasks of these types."""
    counted = dict.fromkeys(
        step.policy
        for task in state.open_tasks
        if task.type in types
        for outcome in playbook.task_types[task.type].outcomes.values()
        for step in walk(outcome.then)
        if isinstance(step, RetryAttempt) and step.policy in state.attempts
    )
    yield from (StopAttempts(rule, policy) for policy in counted)
