"""Evaluation of a rule's condition."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from services.tasks.engine.state import State
from services.tasks.playbooks.terms import Condition


@dataclass(frozen=True, slots=True)
class Context:
    """The input of a condition: the process, and the event being handled."""

    state: State
    order_status: str | None
    task_type: str | None = None
    purpose: str | None = None


def holds(when: Condition, context: Context) -> bool:
    """Return whether every part of the condition holds."""
    state = context.state
    return (
        _any_of(when.signals, state.facts.signals)
        and _any_of(when.order_status, (context.order_status,))
        and _any_of(when.status, (state.status,))
        and _any_of(when.types, (context.task_type,))
        and _any_of(when.purposes, (context.purpose,))
        and (not when.open or _any_of(when.open, tuple(task.type for task in state.open_tasks)))
        and (when.owned is None or when.owned == (state.owner is not None))
        and _arrived_within(when, state)
    )


def _any_of(wanted: tuple[str, ...], found: tuple[str | None, ...]) -> bool:
    return not wanted or any(value in wanted for value in found)


def _arrived_within(when: Condition, state: State) -> bool:
    """Return whether the lead was received within a window of the desk's day; it may cross midnight (S4.5)."""
    if when.received_between is None:
        return True
    opens, closes = when.received_between
    local = state.facts.received_at.astimezone(ZoneInfo(state.desk.zone)).time()
    return opens <= local < closes if opens <= closes else local >= opens or local < closes
