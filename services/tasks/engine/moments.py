"""Conversion of a playbook's moments to points in time (S0.5, S0.9, S1.8, S4.4)."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from libs.common.domain.workdays import DayKind
from services.tasks.engine.fields import moment_of
from services.tasks.engine.state import Desk, State
from services.tasks.playbooks.fields import FieldValue
from services.tasks.playbooks.terms import Anchor, Day, Moment, Zone

_BEFORE_WEEKEND = (5, 4, 3, 2, 1, 6, 7)  # whose hours a day has that is worked against its weekday
_HORIZON = 400  # days; bounds the loop for a calendar without open hours


def moment_at(
    moment: Moment,
    state: State,
    now: datetime,
    callback_at: datetime | None = None,
    fields: Mapping[str, FieldValue] = MappingProxyType({}),
    contact_at: datetime | None = None,
) -> datetime:
    """Return the time of a moment in UTC. A moment that starts from what is not known starts from now.

    `callback_at` and `fields` are those of the outcome that is being given, `contact_at` the time of the contact
    that was recorded.
    """
    if moment.anchor is Anchor.CONTACT:
        base = contact_at or now
    else:
        base = _start(moment.anchor, state, now, callback_at, {**state.fields, **fields})
    found = _counted(moment, state, base)
    if moment.open_hours:
        found = add_working(found, timedelta(0), state.desk)
    if moment.not_after is not None:
        zone = ZoneInfo(state.facts.zone)
        limit = datetime.combine(now.astimezone(zone).date(), moment.not_after, zone)
        found = min(found, max(limit, now))
    if moment.not_past:
        found = max(found, now)
    return found.astimezone(now.tzinfo)


def asked_at(due_at: datetime, due: Moment, opened_at: datetime) -> datetime | None:
    """Return the time of the contact from which a due time was counted; None where it cannot be known."""
    if due != Moment(Anchor.CONTACT, after=due.after):
        return None
    found = due_at - due.after
    return found if found <= opened_at else None  # later: the task was opened with a due time of its own


def _start(
    anchor: Anchor | str,
    state: State,
    now: datetime,
    callback_at: datetime | None,
    fields: Mapping[str, FieldValue],
) -> datetime:
    match anchor:
        case Anchor.NOW:
            return now
        case Anchor.RECEIVED:
            return state.facts.counted_from or state.facts.received_at
        case Anchor.CALLBACK:
            return callback_at or now
        case Anchor.APPOINTMENT:
            return state.facts.appointment_at or now
        case Anchor.HELD_UNTIL:
            return state.facts.dealings.held_until or now
        case Anchor.REFUND_DUE:
            refund = state.facts.dealings.refund
            zone, due_on = ZoneInfo(state.desk.zone), refund.due_on if refund else None
            return now if due_on is None else datetime.combine(due_on, time(), zone)
        case name:
            return moment_of(fields, name, state.desk.zone) or now


def _counted(moment: Moment, state: State, base: datetime) -> datetime:
    if moment.day is not None and moment.at is not None:
        zone = ZoneInfo(state.facts.zone if moment.zone is Zone.CUSTOMER else state.desk.zone)
        return datetime.combine(_day(moment.day, state.desk, base.astimezone(zone).date()), moment.at, zone)
    if moment.working:
        return add_working(base, moment.after, state.desk)
    return base + moment.after - moment.before


def _day(day: Day, desk: Desk, base: date) -> date:
    match day:
        case Day.DAY_BEFORE:
            return base - timedelta(days=1)
        case Day.SAME_DAY:
            return base
        case Day.NEXT_DAY:
            return base + timedelta(days=1)
        case Day.NEXT_WORKDAY:
            return _workday(base + timedelta(days=1), desk)


def _workday(day: date, desk: Desk) -> date:
    ahead = (day + timedelta(days=number) for number in range(_HORIZON))
    return next((each for each in ahead if not desk.hours or _hours_of(desk, each)), day)


def add_working(start: datetime, amount: timedelta, desk: Desk) -> datetime:
    """Return `start` plus an amount of the desk's working time; closed hours are skipped (S0.5)."""
    if not desk.hours:
        return start + amount
    zone = ZoneInfo(desk.zone)
    remaining = amount
    day = start.astimezone(zone).date()
    for _ in range(_HORIZON):
        for opens, closes in _windows(desk, day, zone):
            begins = max(start, opens)
            if begins >= closes:
                continue
            if begins + remaining <= closes:
                return begins + remaining
            remaining -= closes - begins
        day += timedelta(days=1)
    return start + amount


def is_open(moment: datetime, desk: Desk) -> bool:
    """Return whether the desk works at a moment; one without hours works round the clock."""
    zone = ZoneInfo(desk.zone)
    today = _windows(desk, moment.astimezone(zone).date(), zone)
    return not desk.hours or any(opens <= moment < closes for opens, closes in today)


def _windows(desk: Desk, day: date, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
    utc = ZoneInfo("UTC")
    return [
        (datetime.combine(day, opens, zone).astimezone(utc), datetime.combine(day, closes, zone).astimezone(utc))
        for opens, closes in _hours_of(desk, day)
    ]


def _hours_of(desk: Desk, day: date) -> list[tuple[time, time]]:
    """Return the desk's hours of a day: none of a holiday, those of a Friday on a Saturday that is worked."""
    special, weekday = desk.holidays.of(day), day.isoweekday()
    if special is None:
        return _weekday_hours(desk, weekday)
    if special.kind is DayKind.OFF:
        return []
    usual = (found for number in (weekday, *_BEFORE_WEEKEND) if (found := _weekday_hours(desk, number)))
    return sorted(special.hours) or next(usual, [])


def _weekday_hours(desk: Desk, weekday: int) -> list[tuple[time, time]]:
    return sorted((hours.opens, hours.closes) for hours in desk.hours if hours.weekday == weekday)


def next_time(last: datetime, every: timedelta, now: datetime) -> datetime:
    """Return the first time after `now` that is whole steps of `every` after the last one."""
    return last + every * ((now - last) // every + 1) if now >= last else last + every
