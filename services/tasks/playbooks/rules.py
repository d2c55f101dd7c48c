"""Checks of a parsed playbook: everything is reachable, and no live process is left without a task (S2.6)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import assert_never

from libs.common.contracts.shared import Mode, SubjectKind
from services.tasks.playbooks.faults import PlaybookFault
from services.tasks.playbooks.model import FieldType, Outcome, Playbook
from services.tasks.playbooks.terms import ABOUT, Anchor, Holder, Phase, Result, Trigger
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
from services.tasks.playbooks.walk import all_rules, moments, rule_lists, rule_steps, walk


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault at a path of the playbook."""

    path: str
    code: str
    detail: str


def check(playbook: Playbook, lines: Mapping[str, int]) -> list[PlaybookFault]:
    """Return every fault of a playbook, all of whose names are declared; `lines` are those of its paths."""
    findings = [
        *_unreached(playbook),
        *_unnamed(playbook),
        *_field_faults(playbook),
        *_passed_over(playbook),
        *_silent_ends(playbook),
        *_outcome_faults(playbook),
        *_misplaced(playbook),
        *_undrawn(playbook),
        *_misheard(playbook),
        *_unstartable(playbook),
    ]
    return [PlaybookFault(_line(f.path, lines), f.path, f.code, f.detail) for f in findings]


def _line(path: str, lines: Mapping[str, int]) -> int:
    """Return the line of a path; an outcome that stands in a type by its name has that of the shared one."""
    return lines.get(path) or lines.get(f"/outcomes/{path.rpartition('/')[2]}", 1)


@dataclass(slots=True)
class _Reachable:
    """Collects what is reachable from the triggers."""

    playbook: Playbook
    types: set[str] = field(default_factory=set)
    timers: set[str] = field(default_factory=set)
    attempts: set[str] = field(default_factory=set)
    messages: set[str] = field(default_factory=set)

    def follow(self, steps: Steps) -> None:
        """Mark what these steps reach, recursively."""
        for step in walk(steps):
            match step:
                case Open(type=kind):
                    self.enter(kind)
                case Defer(to=str(kind)):
                    self.enter(kind)
                case RetryAttempt(policy=policy):
                    self._attempts(policy)
                case StartTimer(timer=timer):
                    self._timer(timer)
                case SendMessage(message=message):
                    self.messages.add(message)
                # `walk` descends into choices.
                case Defer() | Close() | Status() | StopTimer() | Offer() | Start() | ChangeOwner():
                    pass
                case Note() | End() | Choose():
                    pass
                case _:
                    assert_never(step)

    def enter(self, kind: str) -> None:
        """Mark a task type and what its beginnings and outcomes reach."""
        if kind in self.types:
            return
        self.types.add(kind)
        found = self.playbook.task_types[kind]
        for _, steps in found.beginnings:
            self.follow(steps)
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


def _unreached(playbook: Playbook) -> Iterator[Finding]:
    reach = _Reachable(playbook)
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
                yield Finding(f"/{section}/{code}", "unreachable", detail)


def _unnamed(playbook: Playbook) -> Iterator[Finding]:
    """Yield shared outcomes that no task type names."""
    named = [outcome for kind in playbook.task_types.values() for outcome in kind.outcomes.values()]
    for code, outcome in playbook.outcomes.items():
        if outcome not in [replace(each, code=code) for each in named]:
            yield Finding(f"/outcomes/{code}", "unreachable", f"no task type names the outcome {code!r}")


def _field_faults(playbook: Playbook) -> Iterator[Finding]:
    """Yield fields that have two types, and moments that start from a field which is no time."""
    types: dict[str, FieldType] = {}
    for kind in playbook.task_types.values():
        for outcome in kind.outcomes.values():
            for name, spec in outcome.fields.items():
                path = f"/task_types/{kind.code}/outcomes/{outcome.code}"
                if types.setdefault(name, spec.type) is not spec.type:
                    yield Finding(path, "two_types", f"{name!r} is a {types[name]} in another outcome")
                if name in set(Anchor):
                    yield Finding(path, "reserved_name", f"{name!r} is the start of moments already")
    for path, moment in moments(playbook):
        if types.get(moment.anchor) not in (None, FieldType.DATE, FieldType.MOMENT):
            detail = f"{str(moment.anchor)!r} is a {types[moment.anchor]}, neither a date nor a moment"
            yield Finding(path, "not_a_time", detail)


def _passed_over(playbook: Playbook) -> Iterator[Finding]:
    """Yield rules that are never tried: a rule before each of them, for the same phase, always ends the walk."""
    for rules in all_rules(playbook):
        settled: frozenset[Phase] = frozenset()
        for rule in rules:
            if rule.phase.covers <= settled:
                detail = f"a rule before {rule.name} always ends the walk: it is never reached"
                yield Finding(rule.path, "unreachable_rule", detail)
            if rule.is_final:
                settled |= rule.phase.covers


def stays_open(playbook: Playbook, steps: Steps, *, before: bool) -> bool:
    """Return whether the steps certainly leave a task open or the process ended; `before`: the same before."""
    for step in steps:
        before = _after(playbook, step, before=before)
    return before


def _after(playbook: Playbook, step: Step, *, before: bool) -> bool:
    match step:
        case Open() | Defer() | End():
            return True
        case Close():
            return False
        case RetryAttempt(policy=policy):
            found = playbook.attempts[policy]
            exhausted_safely = found.limit is None or stays_open(playbook, found.exhausted, before=False)
            return exhausted_safely and stays_open(playbook, found.each, before=True)
        case Choose(rules=rules):
            branches = [stays_open(playbook, steps, before=before) for steps in _branches(rules)]
            return all(branches) and (before or _matches_always(rules))
        case Status() | SendMessage() | StartTimer() | StopTimer() | Offer() | Start() | ChangeOwner() | Note():
            return before
        case _:
            assert_never(step)


def _branches(rules: tuple[Rule, ...]) -> list[Steps]:
    return [steps for rule in rules for steps in (rule.then, rule.otherwise) if steps is not None]


def _matches_always(rules: tuple[Rule, ...]) -> bool:
    """Return whether one of the rules certainly runs for a live process."""
    return any(rule.is_final and Phase.LIVE in rule.phase.covers for rule in rules)


def _silent_ends(playbook: Playbook) -> Iterator[Finding]:  # noqa: C901 - one loop per kind of place
    """Yield each place that may leave a live process of a lead without an open task."""
    if playbook.subject is not SubjectKind.LEAD:
        return
    begins = [trigger for trigger in (Trigger.LEAD_RECEIVED, Trigger.STARTED) if trigger in playbook.triggers]
    for path, rules in rule_lists(playbook):
        starts = path in [f"/on/{trigger}" for trigger in begins]
        for i, rule in enumerate(rules):
            if not all(stays_open(playbook, steps, before=not starts) for steps in _branches((rule,))):
                yield _silent(f"{path}/{i}")
    for trigger in begins or [Trigger.LEAD_RECEIVED]:
        yield from _silent_start(playbook, trigger)
    for kind in playbook.task_types.values():
        for key, steps in kind.beginnings:
            if not stays_open(playbook, steps, before=True):
                yield _silent(f"/task_types/{kind.code}/{key}")
        for outcome in kind.outcomes.values():
            if not stays_open(playbook, outcome.then, before=False):
                yield _silent(f"/task_types/{kind.code}/outcomes/{outcome.code}")


def _silent_start(playbook: Playbook, trigger: Trigger) -> Iterator[Finding]:
    if not _matches_always(playbook.triggers.get(trigger, ())):
        detail = f"a lead may match no rule of on.{trigger}: close it with a last rule without 'when'"
        yield Finding(f"/on/{trigger}", "silent_end", detail)


def _silent(path: str) -> Finding:
    return Finding(
        path, "silent_end", "after this no task may be open: at last open one, defer, or end the process"
    )


def _outcome_faults(playbook: Playbook) -> Iterator[Finding]:
    for kind in playbook.task_types.values():
        if not kind.outcomes:
            yield Finding(f"/task_types/{kind.code}", "no_outcomes", f"{kind.code!r} can never be ended")
        for outcome in kind.outcomes.values():
            deferring = any(isinstance(step, Defer | RetryAttempt) for step in walk(outcome.then))
            path = f"/task_types/{kind.code}/outcomes/{outcome.code}"
            if outcome.result is Result.DEFERRED and not _defers_once(outcome):
                detail = "a deferred result has exactly one 'defer' or 'attempt' step on every way"
                yield Finding(path, "not_deferred", detail)
            if outcome.result is Result.DEFERRED and not _defers_first(outcome):
                detail = "a 'close' or 'end' before the 'defer' or 'attempt' step leaves it nothing to defer"
                yield Finding(path, "deferred_too_late", detail)
            if outcome.result is not Result.DEFERRED and deferring:
                detail = f"result {outcome.result} with a 'defer' or 'attempt' step: the result is 'deferred' then"
                yield Finding(path, "deferred_too", detail)


def _defers_once(outcome: Outcome) -> bool:
    return _deferrals(outcome.then) == {1}


def _deferrals(steps: Steps) -> frozenset[int]:
    """Return how many times the steps may defer, on any way through their choices."""
    counts = frozenset({0})
    for step in steps:
        match step:
            case Defer() | RetryAttempt():
                here = frozenset({1})
            case Choose(rules=rules):
                here = frozenset().union(*map(_deferrals, _branches(rules)))
                here |= frozenset() if _matches_always(rules) else {0}
            case _:
                here = frozenset({0})
        counts = frozenset(one + other for one in counts for other in here)
    return counts


def _defers_first(outcome: Outcome) -> bool:
    """Return whether nothing is closed before it could be deferred, on any way."""
    return not _ends_early(outcome.then)


def _ends_early(steps: Steps) -> bool:
    for step in steps:
        match step:
            case Defer() | RetryAttempt():
                return False
            case Close() | End():
                return True
            case Choose(rules=rules):
                branches = _branches(rules)
                if any(_ends_early(branch) for branch in branches):
                    return True
                if _deferrals((step,)) == {1}:
                    return False
            case _:
                continue
    return False


def _misplaced(playbook: Playbook) -> Iterator[Finding]:
    """Yield places where a step needs a current task and there is none."""
    places = [(path, rule_steps(rules)) for path, rules in rule_lists(playbook)]
    places += [
        (f"/task_types/{kind.code}", steps) for kind in playbook.task_types.values() for _, steps in kind.beginnings
    ]
    places += [(f"/attempts/{p.code}", p.each + p.exhausted) for p in playbook.attempts.values()]
    for path, steps in places:
        if any(isinstance(step, Defer | RetryAttempt) for step in walk(steps)):
            yield Finding(path, "misplaced", "'defer' and 'attempt' belong to an outcome: here is no task in hand")


def _undrawn(playbook: Playbook) -> Iterator[Finding]:
    """Yield lanes of pulled tasks that no queue shows to other operators than the holder (S1.2, S1.3)."""
    drawn = {code for lane in playbook.lanes.values() if lane.holder is not Holder.ME for code in lane.draws}
    pulled = {kind.code for kind in playbook.task_types.values() if kind.mode is not Mode.PUSH}
    carried = {lane for kind, lane in _carried(playbook) if kind in pulled}
    for lane in sorted(carried - drawn):
        detail = f"tasks of lane {lane!r} are pulled, but no lane with holder nobody or anyone draws from it"
        yield Finding(f"/lanes/{lane}", "undrawn_lane", detail)


def _carried(playbook: Playbook) -> Iterator[tuple[str, str]]:
    """Yield each task type with each lane that its tasks may have."""
    rules = tuple(rule for _, rules in rule_lists(playbook) for rule in rules)
    policies = tuple(step for p in playbook.attempts.values() for step in p.each + p.exhausted)
    yield from _lanes_of(playbook, "", rule_steps(rules) + policies)
    for kind in playbook.task_types.values():
        yield kind.code, kind.lane
        then = tuple(step for outcome in kind.outcomes.values() for step in outcome.then)
        yield from _lanes_of(playbook, kind.code, kind.on_take + kind.on_first_contact + then)


def _lanes_of(playbook: Playbook, kind: str, steps: Steps) -> Iterator[tuple[str, str]]:
    """Yield each task type with the lane that steps set for it; `kind` is the type of the current task."""
    for step in walk(steps):
        match step:
            case Open(type=code, lane=str(lane)):
                yield code, lane
            case Defer(to=to, lane=str(lane)):
                yield to or kind, lane
            case RetryAttempt(policy=policy) if (named := playbook.attempts[policy].lane) is not None:
                yield kind, named
            case (
                Open() | Defer() | RetryAttempt() | Close() | Status() | SendMessage() | StartTimer() | StopTimer()
            ):
                pass
            case Offer() | Start() | ChangeOwner() | Note() | End() | Choose():
                pass
            case _:
                assert_never(step)


def _misheard(playbook: Playbook) -> Iterator[Finding]:
    """Yield rules for events of other subjects that are not listened for, and what is listened for in vain."""
    for trigger in playbook.triggers:
        if playbook.subject not in ABOUT.get(trigger, {playbook.subject}) and trigger not in playbook.listens:
            detail = f"{trigger} is no event of a {playbook.subject}: name it in 'listens'"
            yield Finding(f"/on/{trigger}", "not_listened", detail)
    for trigger in sorted(playbook.listens):
        if ABOUT.get(trigger, frozenset()) <= {playbook.subject}:
            yield Finding("/listens", "own_event", f"{trigger} is heard without being listened for")
        elif playbook.subject not in (SubjectKind.LEAD, SubjectKind.CUSTOMER):
            detail = f"no event of another subject says which {playbook.subject} it concerns"
            yield Finding("/listens", "never_heard", detail)
        elif trigger not in playbook.triggers:
            yield Finding("/listens", "no_rule", f"{trigger} is listened for, and there is no 'on.{trigger}'")


def _unstartable(playbook: Playbook) -> Iterator[Finding]:
    """Yield events that start no process of this subject, and steps that would start this playbook itself."""
    for trigger in sorted(playbook.starts_on):
        if trigger is Trigger.LEAD_RECEIVED or playbook.subject not in ABOUT.get(trigger, ()):
            detail = f"{trigger} starts no process: name an event of a {playbook.subject}"
            yield Finding("/starts_on", "cannot_start", detail)
    if playbook.starts_on and Trigger.STARTED not in playbook.triggers:
        yield Finding("/starts_on", "no_rule", "a process that an event starts begins with 'on.started'")
    for path, steps in _places(playbook):
        if any(isinstance(step, Start) and step.playbook == playbook.code for step in walk(steps)):
            yield Finding(path, "starts_itself", "'start' names another playbook: this one runs already")


def _places(playbook: Playbook) -> Iterator[tuple[str, Steps]]:
    """Yield the steps of each place with its path."""
    for path, rules in rule_lists(playbook):
        yield path, rule_steps(rules)
    for policy in playbook.attempts.values():
        yield f"/attempts/{policy.code}", policy.each + policy.exhausted
    for kind in playbook.task_types.values():
        yield from ((f"/task_types/{kind.code}/{key}", steps) for key, steps in kind.beginnings)
        for outcome in kind.outcomes.values():
            yield f"/task_types/{kind.code}/outcomes/{outcome.code}", outcome.then
