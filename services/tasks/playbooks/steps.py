"""The parser of a playbook's parts: moments, schedules, conditions, steps and rules."""

from collections.abc import Callable
from datetime import time, timedelta

from services.tasks.playbooks.model import (
    Anchor,
    ChangeOwner,
    Choose,
    Close,
    Condition,
    Day,
    Defer,
    End,
    Moment,
    Note,
    Offer,
    Open,
    Phase,
    Result,
    RetryAttempt,
    Rule,
    Schedule,
    SendMessage,
    StartTimer,
    Status,
    Step,
    Steps,
    StopTimer,
)
from services.tasks.playbooks.source import NO_TITLE, UNKNOWN, Section, Value

NOW = Schedule(Moment())


def read_moment(value: Value) -> Moment:
    """Read `20m`, or a mapping of `from`, `after`, `working`, `day`, `at`, `not_after`."""
    if value.is_scalar:
        return Moment(after=value.duration())
    section = Section(value)
    moment = Moment(
        anchor=section.get("from", lambda v: v.choice(Anchor), Anchor.NOW),
        after=section.get("after", Value.duration, timedelta(0)),
        working=section.get("working", Value.flag, False),
        day=section.get("day", lambda v: v.choice(Day), None),
        at=section.get("at", Value.clock_time, None),
        not_after=section.get("not_after", Value.clock_time, None),
    )
    section.done()
    if (moment.day is None) != (moment.at is None):
        value.fault("half_a_day", "'day' and 'at' stand together or not at all")
    if moment.day is not None and (moment.after or moment.working):
        value.fault("two_moments", "'day' fixes the moment: no 'after' or 'working' beside it")
    return moment


def read_schedule(value: Value) -> Schedule:
    """Read a mapping of `due` and `offer`, or a bare moment as the due time."""
    if value.is_scalar:
        return Schedule(read_moment(value))
    section = Section(value)
    schedule = needed_schedule(section)
    section.done()
    return schedule


def needed_schedule(section: Section) -> Schedule:
    """Read `due` and optionally `offer` of a larger mapping."""
    return Schedule(section.must("due", read_moment, NOW.due), section.get("offer", read_moment, None))


def maybe_schedule(section: Section) -> Schedule | None:
    """Read `due` and `offer` of a larger mapping if they are present."""
    due, offer = section.get("due", read_moment, None), section.take("offer")
    if due is None and offer is not None:
        offer.fault("offer_without_due", "'offer' needs 'due' beside it")
    return Schedule(due, read_moment(offer) if offer else None) if due else None


def refer(kind: str) -> Callable[[Value], str]:
    """Return a reader of names that must be declared as `kind`."""
    return lambda value: value.refer(kind)


def names(section: Section, key: str, kind: str) -> tuple[str, ...]:
    """Read a list of names that must be declared as `kind`."""
    return section.get(key, lambda value: tuple(item.refer(kind) for item in value.items()), ())


def read_condition(value: Value) -> Condition:
    section = Section(value)
    condition = Condition(
        signals=names(section, "signal", "signal"),
        order_status=names(section, "order_status", "order_status"),
        status=names(section, "status", "status"),
        open=names(section, "open", "task_type"),
        types=names(section, "type", "task_type"),
        purposes=names(section, "message", "message"),
        owned=section.get("owned", Value.flag, None),
        received_between=section.get("received_between", _between, None),
    )
    section.done()
    return condition


def _between(value: Value) -> tuple[time, time]:
    ends = [item.clock_time() for item in value.items()]
    if len(ends) != 2:
        value.fault("not_a_window", "a window has two times of day, such as [02:00, 12:00]")
        return time(0), time(0)
    return ends[0], ends[1]


def read_rules(value: Value, name: str, phase: Phase = Phase.LIVE) -> tuple[Rule, ...]:
    """Read a list of rules; `phase` is their default.

    A rule after one without `when`, or with `else`, is unreachable for processes of the same phase.
    """
    items = value.items()
    rules = tuple(_rule(item, f"{name}.{i}", phase) for i, item in enumerate(items, 1))
    settled: frozenset[Phase] = frozenset()
    for rule, item in zip(rules, items, strict=True):
        if rule.phase.covers <= settled:
            item.fault("unreachable_rule", f"a rule before {rule.name} always ends the walk: it is never reached")
        if rule.is_final:
            settled |= rule.phase.covers
    return rules


def _rule(value: Value, name: str, phase: Phase) -> Rule:
    section = Section(value)
    rule = Rule(
        name,
        section.get("when", read_condition, None),
        section.must("then", read_steps, ()),
        section.get("else", read_steps, None),
        section.get("process", lambda v: v.choice(Phase), phase),
    )
    section.done()
    if rule.otherwise is not None and rule.when is None:
        value.fault("else_without_when", "'else' needs 'when' beside it")
    return rule


def read_steps(value: Value) -> Steps:
    return tuple(_step(item) for item in value.items())


def _step(value: Value) -> Step:
    entries = list(value.entries())
    if len(entries) != 1 or entries[0][0] not in _VERBS:
        value.fault("unknown_step", f"a step is one of {', '.join(_VERBS)}")
        return End()
    verb, argument = entries[0]
    return _VERBS[verb](argument)


def _open(value: Value) -> Open:
    if value.is_scalar:
        return Open(value.refer("task_type"))
    section = Section(value)
    step = Open(
        section.must("type", refer("task_type"), UNKNOWN),
        maybe_schedule(section),
        section.get("lane", refer("lane"), None),
        section.get("important", Value.flag, None),
    )
    section.done()
    return step


def _close(value: Value) -> Close:
    section = Section(value)
    step = Close(
        names(section, "types", "task_type"),
        section.must("result", _closing_result, Result.FAILED),
        section.must("reason", Value.title, NO_TITLE),
    )
    section.done()
    return step


def _defer(value: Value) -> Defer:
    section = Section(value)
    step = Defer(
        needed_schedule(section),
        section.get("to", refer("task_type"), None),
        section.get("lane", refer("lane"), None),
        section.get("important", Value.flag, None),
    )
    section.done()
    return step


def _status(value: Value) -> Status:
    if value.is_scalar:
        return Status(value.refer("status"))
    section = Section(value)
    step = Status(section.must("code", refer("status"), UNKNOWN), section.get("reason", Value.title, None))
    section.done()
    return step


def _change_owner(value: Value) -> ChangeOwner:
    word = value.word()
    if word not in ("actor", "nobody"):
        value.fault("unknown_value", f"{word!r} is none of actor, nobody")
    return ChangeOwner(actor=word == "actor")


def _end(value: Value) -> End:
    if value.is_scalar:
        if not value.flag():
            value.fault("end_false", "'end' is true or absent")
        return End()
    section = Section(value)
    result = section.must("result", _closing_result, Result.FAILED)
    step = End(result, section.must("reason", Value.title, NO_TITLE))
    section.done()
    return step


def _closing_result(value: Value) -> Result:
    result = value.choice(Result)
    if result is Result.DEFERRED:
        value.fault("closed_as_deferred", "a rule completes or fails a task; deferring needs a twin")
    return result


_VERBS: dict[str, Callable[[Value], Step]] = {
    "open": _open,
    "close": _close,
    "defer": _defer,
    "attempt": lambda value: RetryAttempt(value.refer("attempts")),
    "status": _status,
    "message": lambda value: SendMessage(value.refer("message")),
    "timer": lambda value: StartTimer(value.refer("timer")),
    "cancel_timer": lambda value: StopTimer(value.refer("timer")),
    "offer": lambda value: Offer(value.refer("task_type")),
    "owner": _change_owner,
    "note": lambda value: Note(value.title()),
    "end": _end,
    # The rule around a choice has already checked the phase.
    "choose": lambda value: Choose(read_rules(value, value.path.lstrip("/").replace("/", "."), Phase.ANY)),
}
