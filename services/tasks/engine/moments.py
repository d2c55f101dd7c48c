"""Conversion of a playbook's moments to points in time (S0.5, S1.8, S4.4)."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from services.tasks.engine.state import Desk, Hours, State
from services.tasks.playbooks.terms import Anchor, Day, Moment

_HORIZON = 400  # days; bounds the loop for a calendar without open hours


def moment_at(moment: Moment, state: State, now: datetime, callback_at: datetime | None = None) -> datetime:
    """Return the time of a moment in UTC. The anchor `callback_at` is `now` if there is no callback time."""
    base = _anchor(moment.anchor, state, now, callback_at)
    if moment.day is not None and moment.at is not None:
        day = _day(moment.day, state.desk, base)
        found = datetime.combine(day, moment.at, ZoneInfo(state.desk.zone))
    elif moment.working:
        found = add_working(base, moment.after, state.desk)
    else:
        found = base + moment.after
    if moment.not_after is not None:
        zone = ZoneInfo(state.facts.zone)
        limit = datetime.combine(now.astimezone(zone).date(), moment.not_after, zone)
        found = min(found, max(limit, now))
    return found.astimezone(now.tzinfo)


def _anchor(anchor: Anchor, state: State, now: datetime, callback_at: datetime | None) -> datetime:
    match anchor:
        case Anchor.NOW:
            return now
        case Anchor.RECEIVED:
            return state.facts.counted_from or state.facts.received_at
        case Anchor.CALLBACK:
            return callback_at or now


def _day(day: Day, desk: Desk, base: datetime) -> date:
    found = base.astimezone(ZoneInfo(desk.zone)).date() + timedelta(days=1)
    open_days = {hours.weekday for hours in desk.hours}
    while day is Day.NEXT_WORKDAY and open_days and found.isoweekday() not in open_days:
        found += timedelta(days=1)
    return found


def add_working(start: datetime, amount: timedelta, desk: Desk) -> datetime:
    """Return `start` plus an amount of the desk's working time; closed hours are skipped (S0.5)."""
    if not desk.hours:
        return start + amount
    zone = ZoneInfo(desk.zone)
    remaining = amount
    day = start.astimezone(zone).date()
    for _ in range(_HORIZON):
        for opens, closes in _windows(desk.hours, day, zone):
            begins = max(start, opens)
            if begins >= closes:
                continue
            if begins + remaining <= closes:
                return begins + remaining
            remaining -= closes - begins
        day += timedelta(days=1)
    return start + amount


def _windows(hours: tuple[Hours, ...], day: date, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
    today = sorted((h.opens, h.closes) for h in hours if h.weekday == day.isoweekday())
    utc = ZoneInfo("UTC")
    return [
        (datetime.combine(day, opens, zone).astimezone(utc), datetime.combine(day, closes, zone).astimezone(utc))
        for opens, closes in today
    ]
