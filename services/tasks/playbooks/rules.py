"""Checks of a parsed playbook: everything is reachable, and no live process is left without a task (S2.6)."""

from collections.abc import Iterator, Mapping
from typing import assert_never

from libs.common.contracts.shared import SubjectKind
from services.tasks.playbooks.asked import asked_faults
from services.tasks.playbooks.asks import Neutral
from services.tasks.playbooks.faults import Finding, PlaybookFault
from services.tasks.playbooks.fields import FieldType
from services.tasks.playbooks.gaps import gaps, undrawn
from services.tasks.playbooks.heard import heard_faults
from services.tasks.playbooks.measures import unfit_conditions
from services.tasks.playbooks.model import Outcome, Playbook
from services.tasks.playbooks.reach import unreached
from services.tasks.playbooks.successors import unfit_choices, unfit_closings, unfit_successors, unfit_words
from services.tasks.playbooks.terms import ABOUT, Anchor, Phase, Result, Trigger
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


def check(playbook: Playbook, lines: Mapping[str, int]) -> list[PlaybookFault]:
    """Return every fault of a playbook, all of whose names are declared; `lines` are those of its paths."""
    findings = [
        *unreached(playbook),
        *_field_faults(playbook),
        *_passed_over(playbook),
        *_silent_ends(playbook),
        *_outcome_faults(playbook),
        *_misplaced(playbook),
        *undrawn(playbook),
        *gaps(playbook),
        *unfit_successors(playbook),
        *unfit_closings(playbook),
        *unfit_choices(playbook),
        *unfit_words(playbook),
        *unfit_conditions(playbook),
        *_unstartable(playbook),
        *heard_faults(playbook),
        *asked_faults(playbook),
    ]
    faults = []
    for finding in findings:
        path = _written(finding.path, playbook)
        faults.append(PlaybookFault(_line(path, lines), path, finding.code, finding.detail))
    return faults


def _written(path: str, playbook: Playbook) -> str:
    """Return the path as it was written: what stands in a twin was written in its type."""
    parts = path.split("/")
    kind = playbook.task_types.get(parts[2]) if parts[1] == "task_types" and len(parts) > 2 else None
    return path if kind is None else "/".join([*parts[:2], kind.base, *parts[3:]])


def _line(path: str, lines: Mapping[str, int]) -> int:
    """Return the line of a path; an outcome that stands in a type by its name has that of the shared one.

    What is made of parts, as a twin is, has the line of the nearest part that was written.
    """
    shared = f"/outcomes/{path.rpartition('/')[2]}"
    while path and path not in lines and shared not in lines:
        path = path.rpartition("/")[0]
    return lines.get(path) or lines.get(shared, 1)


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
            branches = [stays_open(playbook, then, before=before or sure) for then, sure in _guarded(rules)]
            return all(branches) and (before or _matches_always(rules))
        case Status() | SendMessage() | StartTimer() | StopTimer() | Offer() | Start() | ChangeOwner() | Note():
            return before
        case Neutral():
            return before
        case _:
            assert_never(step)


def _branches(rules: tuple[Rule, ...]) -> list[Steps]:
    return [steps for rule in rules for steps in (rule.then, rule.otherwise) if steps is not None]


def _guarded(rules: tuple[Rule, ...]) -> Iterator[tuple[Steps, bool]]:
    """Yield the steps of each branch, and whether its condition says that a task is open."""
    for rule in rules:
        yield rule.then, rule.when is not None and bool(rule.when.open)
        if rule.otherwise is not None:
            yield rule.otherwise, False


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
