"""The parser of playbooks: YAML text → `Playbook`, or the list of all faults with their lines (P.4)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from libs.common.contracts.shared import Mode, Stage
from services.tasks.playbooks.model import (
    AttemptPolicy,
    Holder,
    Lane,
    MessageSpec,
    Need,
    Outcome,
    Playbook,
    PlaybookFault,
    Requires,
    Result,
    Rule,
    StatusSpec,
    TaskType,
    TimerSpec,
    Trigger,
)
from services.tasks.playbooks.rules import check
from services.tasks.playbooks.source import (
    NO_TITLE,
    UNKNOWN,
    InvalidPlaybookError,
    Log,
    Section,
    Value,
    compose,
)
from services.tasks.playbooks.steps import (
    NOW,
    names,
    needed_schedule,
    read_moment,
    read_rules,
    read_schedule,
    read_steps,
    refer,
)

E = TypeVar("E", int, timedelta)
_TRIGGERS = tuple(trigger.value for trigger in Trigger)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Names that a playbook may use and does not declare.

    `templates` None = templates are unknown here, and any name is accepted.
    """

    signals: frozenset[str]
    order_statuses: frozenset[str]
    channels: frozenset[str]
    templates: frozenset[str] | None = None


def parse(text: str, vocabulary: Vocabulary) -> Playbook:
    """Read and check a playbook. Raises InvalidPlaybookError naming every fault."""
    playbook, log = _read(text)
    if playbook is not None:
        _check_references(playbook, vocabulary, log)
    if playbook is not None and not log.faults:
        log.faults.extend(check(playbook))
    if playbook is None or log.faults:
        raise InvalidPlaybookError(log.faults)
    return playbook


def compiled(text: str) -> Playbook:
    """Read a playbook that was checked before. Raises InvalidPlaybookError when it cannot be read at all."""
    playbook, log = _read(text)
    if playbook is None or log.faults:
        raise InvalidPlaybookError(log.faults)
    return playbook


def _read(text: str) -> tuple[Playbook | None, Log]:
    log = Log()
    root = compose(text, log)
    return _playbook(Section(root), log) if root is not None else None, log


def _playbook(root: Section, log: Log) -> Playbook:
    playbook = Playbook(
        code=root.must("playbook", Value.code, UNKNOWN),
        title=root.must("title", Value.title, NO_TITLE),
        statuses=root.must("statuses", lambda v: v.each(_status), {}),
        problems=root.get("problems", lambda v: v.each(lambda _, entry: entry.title()), {}),
        lanes=root.must("lanes", lambda v: v.each(_lane), {}),
        messages=root.get("messages", lambda v: v.each(_message), {}),
        attempts=root.get("attempts", lambda v: v.each(_attempts), {}),
        timers=root.get("timers", lambda v: v.each(_timer), {}),
        task_types=root.must("task_types", lambda v: v.each(_task_type), {}),
        triggers=root.must("on", _triggers, {}),
        fallback=root.must("fallback", refer("task_type"), UNKNOWN),
        lines=log.lines,
    )
    root.done()
    return playbook


def _triggers(value: Value) -> dict[Trigger, tuple[Rule, ...]]:
    found = {}
    for key, rules in value.entries():
        if key in _TRIGGERS:
            found[Trigger(key)] = read_rules(rules, f"on.{key}")
        else:
            rules.fault("unknown_key", f"unknown trigger {key!r}: it is none of {', '.join(_TRIGGERS)}")
    return found


def _status(code: str, value: Value) -> StatusSpec:
    section = Section(value)
    spec = StatusSpec(
        code,
        section.must("title", Value.title, NO_TITLE),
        section.must("stage", lambda v: v.choice(Stage), Stage.NEW),
    )
    section.done()
    return spec


def _lane(code: str, value: Value) -> Lane:
    section = Section(value)
    lane = Lane(
        code,
        section.must("title", Value.title, NO_TITLE),
        section.must("priority", Value.number, 0),
        section.must("holder", lambda v: v.choice(Holder), Holder.NOBODY),
        of=names(section, "of", "lane"),
        newest_first=section.get("newest_first", Value.flag, False),
        window=section.get("window", lambda v: _pair(v, Value.duration, timedelta(0)), None),
        attempts=section.get("attempts", lambda v: _pair(v, Value.number, 0), None),
        days=section.get("days", lambda v: _pair(v, Value.number, 0), None),
        interrupts=section.get("interrupts", Value.duration, None),
        dialled=section.get("dialled", Value.flag, True),
    )
    section.done()
    return lane


def _pair(value: Value, read: Callable[[Value], E], nothing: E) -> tuple[E, E]:
    ends = [read(item) for item in value.items()]
    if len(ends) != 2 or ends[0] > ends[1]:
        value.fault("not_a_range", "a range has two ends in ascending order, such as [20m, 40m]")
        return nothing, nothing
    return ends[0], ends[1]


def _message(code: str, value: Value) -> MessageSpec:
    section = Section(value)
    spec = MessageSpec(
        code,
        section.must("template", refer("template"), UNKNOWN),
        names(section, "channels", "channel") or ("whatsapp",),
        section.get("deadline", Value.duration, None),
        section.get("once", Value.flag, False),
    )
    section.done()
    return spec


def _attempts(code: str, value: Value) -> AttemptPolicy:
    section = Section(value)
    policy = AttemptPolicy(
        code,
        section.get("limit", Value.number, None),
        section.get("lane", refer("lane"), None),
        section.must("delays", lambda v: tuple(read_schedule(item) for item in v.items()), ()),
        section.get("each", read_steps, ()),
        section.get("exhausted", read_steps, ()),
    )
    section.done()
    if not policy.delays:
        value.fault("no_delays", "at least one delay is needed")
    if policy.limit == 0:
        value.fault("no_attempts", "the limit is at least 1")
    if (policy.limit is None) != (policy.exhausted == ()):
        value.fault("limit_and_exhausted", "'limit' and 'exhausted' stand together or not at all")
    return policy


def _timer(code: str, value: Value) -> TimerSpec:
    section = Section(value)
    spec = TimerSpec(
        code,
        section.must("at", read_moment, NOW.due),
        section.must("then", lambda v: read_rules(v, f"timers.{code}"), ()),
    )
    section.done()
    return spec


def _task_type(code: str, value: Value) -> TaskType:
    section = Section(value)
    found = TaskType(
        code,
        section.must("title", Value.title, NO_TITLE),
        section.must("role", Value.code, UNKNOWN),
        section.must("pool", Value.code, UNKNOWN),
        section.must("mode", lambda v: v.choice(Mode), Mode.PUSH),
        section.must("lane", refer("lane"), UNKNOWN),
        section.get("rank", Value.number, 100),
        section.get("important", Value.flag, False),
        section.get("prefer_owner", Value.flag, True),
        needed_schedule(section),
        section.get("on_take", read_steps, ()),
        section.must("outcomes", lambda v: v.each(_outcome), {}),
    )
    section.done()
    return found


def _outcome(code: str, value: Value) -> Outcome:
    section = Section(value)
    outcome = Outcome(
        code,
        section.must("title", Value.title, NO_TITLE),
        section.must("result", lambda v: v.choice(Result), Result.FAILED),
        section.get("requires", _requires, Requires()),
        section.must("then", read_steps, ()),
    )
    section.done()
    return outcome


def _requires(value: Value) -> Requires:
    section = Section(value)
    problems = names(section, "problems", "problem")
    need = section.get("problem", lambda v: v.choice(Need), Need.REQUIRED if problems else Need.FORBIDDEN)
    requires = Requires(
        section.get("call_made", lambda v: v.choice(Need), Need.OPTIONAL),
        section.get("callback_at", lambda v: v.choice(Need), Need.FORBIDDEN),
        need,
        problems,
    )
    section.done()
    if need is not Need.FORBIDDEN and not problems:
        value.fault("no_problems", "which problems may be named? give 'problems'")
    return requires


def _check_references(playbook: Playbook, vocabulary: Vocabulary, log: Log) -> None:
    declared: dict[str, frozenset[str] | None] = {
        "status": frozenset(playbook.statuses),
        "problem": frozenset(playbook.problems),
        "task_type": frozenset(playbook.task_types),
        "attempts": frozenset(playbook.attempts),
        "message": frozenset(playbook.messages),
        "timer": frozenset(playbook.timers),
        "lane": frozenset(playbook.lanes),
        "signal": vocabulary.signals,
        "order_status": vocabulary.order_statuses,
        "channel": vocabulary.channels,
        "template": vocabulary.templates,
    }
    for use in log.references:
        known = declared[use.kind]
        if use.name != UNKNOWN and known is not None and use.name not in known:
            detail = f"there is no {use.kind.replace('_', ' ')} {use.name!r}"
            log.faults.append(PlaybookFault(use.line, use.path, "unknown_reference", detail))
