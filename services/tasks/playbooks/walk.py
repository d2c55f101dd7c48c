"""Walks over a playbook: its rules, its steps and its moments, each with its path."""

from collections.abc import Iterator
from typing import assert_never

from services.tasks.playbooks.asks import Neutral
from services.tasks.playbooks.conditions import Condition
from services.tasks.playbooks.messages import Addressee as Recipient
from services.tasks.playbooks.model import Outcome, Playbook, TaskType
from services.tasks.playbooks.terms import Addressee, Moment, Schedule
from services.tasks.playbooks.verbs import (
    ChangeOwner,
    Choose,
    Close,
    Defer,
    End,
    Note,
    Offer,
    Open,
    RetryAttempt,
    Rule,
    SendMessage,
    Start,
    StartTimer,
    Status,
    Step,
    Steps,
    StopTimer,
)


def walk(steps: Steps) -> Iterator[Step]:
    """Yield each step, including those inside choices."""
    for step in steps:
        yield step
        match step:
            case Choose(rules=rules):
                yield from walk(rule_steps(rules))
            case Open() | Close() | Defer() | RetryAttempt() | Status() | SendMessage() | StartTimer():
                pass
            case StopTimer() | Offer() | Start() | ChangeOwner() | Note() | End() | Neutral():
                pass
            case _:
                assert_never(step)


def rule_steps(rules: tuple[Rule, ...]) -> Steps:
    """Return the steps of all rules, conditions ignored."""
    return tuple(step for rule in rules for step in (*rule.then, *(rule.otherwise or ())))


def rule_lists(playbook: Playbook) -> Iterator[tuple[str, tuple[Rule, ...]]]:
    for trigger, rules in playbook.triggers.items():
        yield f"/on/{trigger}", rules
    for timer in playbook.timers.values():
        yield f"/timers/{timer.code}/then", timer.rules


def all_steps(playbook: Playbook) -> Iterator[tuple[str, Steps]]:
    """Yield all lists of steps with their paths."""
    yield from rest(playbook)
    yield from ((path, outcome.then) for path, _, outcome in outcomes(playbook))


def outcomes(playbook: Playbook) -> Iterator[tuple[str, TaskType, Outcome]]:
    """Yield every outcome with its path and its type."""
    for kind in playbook.task_types.values():
        for outcome in kind.outcomes.values():
            yield f"/task_types/{kind.code}/outcomes/{outcome.code}", kind, outcome


def rest(playbook: Playbook) -> Iterator[tuple[str, Steps]]:
    """Yield the lists of steps that belong to no outcome."""
    for path, rules in rule_lists(playbook):
        for rule in rules:
            yield rule.path or path, (*rule.then, *(rule.otherwise or ()))
    for kind in playbook.task_types.values():
        yield from ((f"/task_types/{kind.code}", steps) for _, steps in kind.beginnings)
    for policy in playbook.attempts.values():
        yield f"/attempts/{policy.code}", policy.each + policy.exhausted


def all_rules(playbook: Playbook) -> Iterator[tuple[Rule, ...]]:
    """Yield each list of rules, those of choices included."""
    yield from (rules for _, rules in rule_lists(playbook))
    choices = (step for _, steps in all_steps(playbook) for step in walk(steps) if isinstance(step, Choose))
    yield from (choice.rules for choice in choices)


def conditions(playbook: Playbook) -> Iterator[tuple[str, Condition]]:
    """Yield every condition with the path of its rule or outcome."""
    yield from ((rule.path, rule.when) for rules in all_rules(playbook) for rule in rules if rule.when is not None)
    for sheet in playbook.call_sheets.values():
        scripts = ((f"/call_sheets/{sheet.code}/scripts/{each.code}", each.when) for each in sheet.scripts.values())
        yield from ((path, when) for path, when in scripts if when is not None)
    for path, _, outcome in outcomes(playbook):
        if outcome.requires.callback_forbidden_when is not None:
            yield path, outcome.requires.callback_forbidden_when


def moments(playbook: Playbook) -> Iterator[tuple[str, Moment]]:
    """Yield every moment with the path of the part that holds it."""
    for timer in playbook.timers.values():
        yield f"/timers/{timer.code}", timer.at
    for policy in playbook.attempts.values():
        for delay in policy.delays:
            yield from _of(f"/attempts/{policy.code}", delay)
    for kind in playbook.task_types.values():
        yield from _of(f"/task_types/{kind.code}", kind.schedule)
    for path, steps in all_steps(playbook):
        for step in walk(steps):
            if isinstance(step, Open | Defer) and step.schedule is not None:
                yield from _of(path, step.schedule)


def _of(path: str, schedule: Schedule) -> Iterator[tuple[str, Moment]]:
    yield path, schedule.due
    if schedule.offer is not None:
        yield path, schedule.offer


#: Of whom it matters whether they work here, or who deputises for them.
_PEOPLE = (Addressee.CONSULTANT, Addressee.OWNER)


def asks_of_rates(playbook: Playbook) -> bool:
    """Return whether a message says a price in the customer's currency."""
    return any(message.price_in is not None for message in playbook.messages.values())


def asks_of_staff(playbook: Playbook) -> bool:
    """Return whether who is on shift decides something, or one of the staff is written to or given a task."""
    written_to = {message.to for message in playbook.messages.values()}
    steps = (step for _, found in all_steps(playbook) for step in walk(found))
    return (
        bool(written_to & {Recipient.OWNER, Recipient.CONSULTANT})
        or any(when.on_shift or when.off_shift for _, when in conditions(playbook))
        or any(isinstance(step, Open | Defer) and step.addressee in _PEOPLE for step in steps)
    )
