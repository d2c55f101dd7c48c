"""What a playbook must keep to beyond its grammar: nothing unreachable, no silent end (S2.6)."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from services.tasks.playbooks.model import (
    Choose,
    Close,
    Defer,
    End,
    Open,
    Outcome,
    Playbook,
    PlaybookFault,
    Result,
    Rule,
    StartTimer,
    Step,
    Steps,
    Tell,
    Trigger,
    Try,
)


def check(playbook: Playbook) -> list[PlaybookFault]:
    """Return every fault of a playbook whose names are all declared."""
    return [*_unreached(playbook), *_silent_ends(playbook), *_outcome_faults(playbook), *_misplaced(playbook)]


def walk(steps: Steps) -> Iterator[Step]:
    """Give each step, those inside choices too."""
    for step in steps:
        yield step
        if isinstance(step, Choose):
            for rule in step.rules:
                yield from walk(rule.then)
                yield from walk(rule.otherwise or ())


def rule_steps(rules: tuple[Rule, ...]) -> Steps:
    """Return the steps of all rules as if all of them ran."""
    return tuple(step for rule in rules for step in (*rule.then, *(rule.otherwise or ())))


@dataclass(slots=True)
class _Reach:
    """Walks everything that can come to run, from the triggers on."""

    playbook: Playbook
    types: set[str] = field(default_factory=set)
    timers: set[str] = field(default_factory=set)
    attempts: set[str] = field(default_factory=set)
    messages: set[str] = field(default_factory=set)

    def follow(self, steps: Steps) -> None:
        """Mark what these steps reach, and go on from there."""
        for step in walk(steps):
            match step:
                case Open(type=kind):
                    self.enter(kind)
                case Defer(to=kind) if kind is not None:
                    self.enter(kind)
                case Try(policy=policy):
                    self._attempts(policy)
                case StartTimer(timer=timer):
                    self._timer(timer)
                case Tell(message=message):
                    self.messages.add(message)
                case _:
                    pass

    def enter(self, kind: str) -> None:
        """Mark a task type and what its taking and its outcomes reach."""
        if kind in self.types:
            return
        self.types.add(kind)
        found = self.playbook.task_types[kind]
        self.follow(found.on_take)
        for outcome in found.outcomes.values():
            self.follow(outcome.then)

    def _attempts(self, code: str) -> None:
        if code not in self.attempts:
            self.attempts.add(code)
            policy = self.playbook.attempts[code]
            self.follow(policy.each + policy.exhausted)

    def _timer(self, code: str) -> None:
        if code not in self.timers:
            self.timers.add(code)
            self.follow(rule_steps(self.playbook.timers[code].rules))


def _unreached(playbook: Playbook) -> Iterator[PlaybookFault]:
    reach = _Reach(playbook)
    reach.enter(playbook.fallback)
    for rules in playbook.triggers.values():
        reach.follow(rule_steps(rules))
    for section, declared, reached in (
        ("task_types", playbook.task_types, reach.types),
        ("timers", playbook.timers, reach.timers),
        ("attempts", playbook.attempts, reach.attempts),
        ("messages", playbook.messages, reach.messages),
    ):
        for code in declared:
            if code not in reached:
                detail = f"nothing ever leads to {code!r} of {section}"
                yield _fault(playbook, f"/{section}/{code}", "unreachable", detail)


def goes_on(playbook: Playbook, steps: Steps) -> bool:
    """Return whether steps surely leave something open, a timer that opens something, or the end."""
    return any(_step_goes_on(playbook, step) for step in steps)


def _step_goes_on(playbook: Playbook, step: Step) -> bool:
    match step:
        case Open() | Defer() | End():
            return True
        case Try(policy=policy):
            found = playbook.attempts[policy]
            return found.limit is None or goes_on(playbook, found.exhausted)
        case StartTimer(timer=timer):
            return timer in playbook.opening
        case Choose(rules=rules):
            return _rules_go_on(playbook, rules)
        case _:
            return False


def _rules_go_on(playbook: Playbook, rules: tuple[Rule, ...]) -> bool:
    """Return whether every way through the rules goes on; a walk that may match nothing does not."""
    if not rules or (rules[-1].when is not None and rules[-1].otherwise is None):
        return False
    branches = [steps for rule in rules for steps in (rule.then, rule.otherwise) if steps is not None]
    return all(goes_on(playbook, steps) for steps in branches)


def _silent_ends(playbook: Playbook) -> Iterator[PlaybookFault]:
    """Name each place after which a live process could have no open task."""
    if not _rules_go_on(playbook, playbook.triggers.get(Trigger.LEAD_RECEIVED, ())):
        detail = "some way through on.lead_received opens no task and ends no process; close it with a last rule"
        yield _fault(playbook, "/on/lead_received", "silent_end", detail)
    for kind in playbook.task_types.values():
        for outcome in kind.outcomes.values():
            if not goes_on(playbook, outcome.then):
                path = f"/task_types/{kind.code}/outcomes/{outcome.code}"
                yield _silent(playbook, path)
    lists = [(f"/on/{trigger}", rules) for trigger, rules in playbook.triggers.items()]
    lists += [(f"/timers/{timer.code}/then", timer.rules) for timer in playbook.timers.values()]
    for path, rules in lists:
        for i, rule in enumerate(rules):
            for steps in (rule.then, rule.otherwise or ()):
                if any(isinstance(step, Close) for step in walk(steps)) and not goes_on(playbook, steps):
                    yield _silent(playbook, f"{path}/{i}")


def _silent(playbook: Playbook, path: str) -> PlaybookFault:
    return _fault(
        playbook, path, "silent_end", "after this no task may be open: open one, defer, or end the process"
    )


def _outcome_faults(playbook: Playbook) -> Iterator[PlaybookFault]:
    for kind in playbook.task_types.values():
        if not kind.outcomes:
            yield _fault(playbook, f"/task_types/{kind.code}", "no_outcomes", f"{kind.code!r} can never be ended")
        for outcome in kind.outcomes.values():
            deferring = sum(isinstance(step, Defer | Try) for step in walk(outcome.then))
            path = f"/task_types/{kind.code}/outcomes/{outcome.code}"
            if outcome.result is Result.DEFERRED and not _defers_once(outcome):
                detail = "a deferred result has exactly one 'defer' or 'attempt' step, outside any choice"
                yield _fault(playbook, path, "not_deferred", detail)
            if outcome.result is not Result.DEFERRED and deferring:
                detail = f"result {outcome.result} with a 'defer' or 'attempt' step: the result is 'deferred' then"
                yield _fault(playbook, path, "deferred_too", detail)


def _defers_once(outcome: Outcome) -> bool:
    top = sum(isinstance(step, Defer | Try) for step in outcome.then)
    return top == 1 == sum(isinstance(step, Defer | Try) for step in walk(outcome.then))


def _misplaced(playbook: Playbook) -> Iterator[PlaybookFault]:
    """Name steps that need a task in hand where there is none."""
    places: list[tuple[str, Steps]] = [
        (f"/on/{trigger}", rule_steps(rules)) for trigger, rules in playbook.triggers.items()
    ]
    places += [(f"/timers/{timer.code}", rule_steps(timer.rules)) for timer in playbook.timers.values()]
    places += [(f"/task_types/{kind.code}", kind.on_take) for kind in playbook.task_types.values()]
    places += [(f"/attempts/{p.code}", p.each + p.exhausted) for p in playbook.attempts.values()]
    for path, steps in places:
        if any(isinstance(step, Defer | Try) for step in walk(steps)):
            yield _fault(
                playbook, path, "misplaced", "'defer' and 'attempt' belong to an outcome: here is no task in hand"
            )


def _fault(playbook: Playbook, path: str, code: str, detail: str) -> PlaybookFault:
    return PlaybookFault(playbook.lines.get(path, 1), path, code, detail)
