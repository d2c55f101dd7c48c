"""What the triggers of a playbook lead to, and what nothing leads to (P.4)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import assert_never

from services.tasks.playbooks.asks import Neutral
from services.tasks.playbooks.faults import Finding
from services.tasks.playbooks.keeps import Charge, CountUp
from services.tasks.playbooks.model import Playbook, TaskType
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
    SendMessage,
    Start,
    StartTimer,
    Status,
    Steps,
    StopTimer,
)
from services.tasks.playbooks.walk import outcomes, rule_steps, walk


@dataclass(slots=True)
class _Reachable:
    """Collects what is reachable from the triggers."""

    playbook: Playbook
    types: set[str] = field(default_factory=set)
    timers: set[str] = field(default_factory=set)
    attempts: set[str] = field(default_factory=set)
    messages: set[str] = field(default_factory=set)
    counters: set[str] = field(default_factory=set)
    charges: set[str] = field(default_factory=set)
    statuses: set[str] = field(default_factory=set)

    def follow(self, steps: Steps, of: TaskType | None = None) -> None:  # noqa: C901 - one flat case per verb
        """Mark what these steps reach, recursively; `of` is the type of the task in hand."""
        for step in walk(steps):
            match step:
                case Open(type=kind):
                    self.enter(kind)
                case Defer() if of is not None:
                    self.enter(of.successor(step))
                case RetryAttempt(policy=policy):
                    self._attempts(policy)
                case StartTimer(timer=timer):
                    self._timer(timer)
                case SendMessage(message=message):
                    self.messages.add(message)
                case CountUp(counter=counter):
                    self.counters.add(counter)
                case Charge(charge=charge):
                    self.charges.add(charge)
                case Status(code=status):
                    self.statuses.add(status)
                # `walk` descends into choices.
                case Defer() | Close() | StopTimer() | Offer() | Start() | ChangeOwner():
                    pass
                case Note() | End() | Choose() | Neutral():
                    pass
                case _:
                    assert_never(step)

    def enter(self, kind: str) -> None:
        """Mark a task type and what its beginnings and outcomes reach."""
        found = self.playbook.task_types.get(kind)
        if found is None or kind in self.types:  # a twin that is none is a fault of its own
            return
        self.types.add(kind)
        for _, steps in found.beginnings:
            self.follow(steps)
        for outcome in found.outcomes.values():
            self.follow(outcome.then, found)

    def _attempts(self, code: str) -> None:
        if code not in self.attempts:
            self.attempts.add(code)
            policy = self.playbook.attempts[code]
            self.follow(policy.each + policy.exhausted)

    def _timer(self, code: str) -> None:
        if code not in self.timers:
            self.timers.add(code)
            self.follow(rule_steps(self.playbook.timers[code].rules))


def statuses_after(playbook: Playbook, steps: Steps) -> set[str]:
    """Return every status that the steps may lead to, by the tasks, attempts and timers that they begin."""
    reach = _Reachable(playbook)
    reach.follow(steps)
    return reach.statuses


def unreached(playbook: Playbook) -> Iterator[Finding]:
    """Yield what is declared and nothing leads to."""
    reach = _Reachable(playbook)
    reach.enter(playbook.fallback)
    for rules in playbook.triggers.values():
        reach.follow(rule_steps(rules))
    asked = {spec.questionnaire for _, _, outcome in outcomes(playbook) for spec in outcome.fields.values()}
    sheets = {kind.call_sheet for kind in playbook.task_types.values()}
    for section, declared, reached in (
        ("call_sheets", playbook.call_sheets, sheets),
        ("task_types", playbook.task_types, reach.types),
        ("timers", playbook.timers, reach.timers),
        ("attempts", playbook.attempts, reach.attempts),
        ("messages", playbook.messages, reach.messages),
        ("counters", playbook.counters, reach.counters),
        ("charges", playbook.charges, reach.charges),
        ("questionnaires", playbook.questionnaires, asked),
    ):
        for code in declared:
            if code not in reached:
                detail = f"nothing ever leads to {code!r} of {section}"
                yield Finding(f"/{section}/{code}", "unreachable", detail)
