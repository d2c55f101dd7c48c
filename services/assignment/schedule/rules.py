"""The shifts of a week as moments, and who is there of those who are to be."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from libs.common.domain.slips import nearest

AHEAD = timedelta(days=14)  # how far the week is planned
LATE_AFTER = 10  # minutes; of a shift that does not say
LONGEST = timedelta(hours=24)
FARTHEST = timedelta(days=366)


class Weekday(StrEnum):
    """A day of the week, Monday first."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


DAYS = tuple(Weekday)


class PlanState(StrEnum):
    """How a planned shift stands; these codes are stored."""

    PLANNED = "planned"  # it has not begun, or its operator may still come in time
    HERE = "here"
    MISSING = "missing"  # it is said who is not there
    WORKED = "worked"  # it is over, and they were there
    MISSED = "missed"
    CANCELLED = "cancelled"


#: Those that have not ended.
LIVE = frozenset({PlanState.PLANNED, PlanState.HERE, PlanState.MISSING})


@dataclass(frozen=True, slots=True)
class ShiftKind:
    """A shift of a desk: its hours in the desk's zone, over midnight where `ends` is not after `starts`.

    `week` says who works it on which days, by subject. `late_after` minutes from its start, or from when they left,
    it is said who is not there. `needed`: how many people the plan of a month wants on which days.
    """

    code: str
    starts: time
    ends: time
    late_after: int
    week: Mapping[Weekday, Sequence[str]]
    needed: Mapping[Weekday, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Planned:
    """A shift that an operator is to work; `code` None: hours of its own."""

    subject: str
    code: str | None
    starts_at: datetime
    ends_at: datetime
    late_after: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A shift of an operator as a person plans it: one of the desk's on a day, or from and to a moment."""

    desk: str
    operator_id: UUID
    shift: str | None = None
    day: date | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PlanFault:
    """What is wrong with a shift as it was asked for; `nearest` are codes that look like an unknown one."""

    field: str
    code: str
    nearest: tuple[str, ...] = ()


def faults(
    asked: Asked, kinds: Mapping[str, ShiftKind], zone: str, now: datetime, *, active: bool
) -> tuple[PlanFault, ...]:
    """Return all faults of a shift that a person plans; empty = it can be planned."""
    return tuple(_faults(asked, kinds, zone, now, active=active))


def _faults(
    asked: Asked, kinds: Mapping[str, ShiftKind], zone: str, now: datetime, *, active: bool
) -> Iterator[PlanFault]:
    if not active:
        yield PlanFault("operator_id", "operator_inactive")
    if asked.shift is not None and asked.shift not in kinds:
        yield PlanFault("shift", "unknown_shift", nearest(asked.shift, kinds))
        return
    planned = planned_of(asked, kinds, zone, "")
    if planned.ends_at <= now:
        yield PlanFault("day" if asked.day else "ends_at", "in_the_past")
    if planned.starts_at > now + FARTHEST:
        yield PlanFault("day" if asked.day else "starts_at", "too_far")
    if not timedelta() < planned.ends_at - planned.starts_at <= LONGEST:
        yield PlanFault("ends_at", "not_a_shift")


def planned_of(asked: Asked, kinds: Mapping[str, ShiftKind], zone: str, subject: str) -> Planned:
    """Return the shift of what was asked for; its code must be known."""
    if asked.shift is not None and asked.day is not None:
        kind = kinds[asked.shift]
        return Planned(subject, kind.code, *hours(kind, asked.day, ZoneInfo(zone)), kind.late_after)
    assert asked.starts_at is not None  # noqa: S101 - the body has either
    assert asked.ends_at is not None  # noqa: S101 - as above
    return Planned(subject, None, asked.starts_at, asked.ends_at, LATE_AFTER)


def weekly(kinds: Sequence[ShiftKind], zone: str, after: datetime, until: datetime) -> Iterator[Planned]:
    """Yield the shifts of the week that begin after one moment and not after another, by their start."""
    place = ZoneInfo(zone)
    first, last = (each.astimezone(place).date() for each in (after, until))
    found = (
        Planned(subject, kind.code, *hours(kind, day, place), kind.late_after)
        for day in (first + timedelta(days=number) for number in range((last - first).days + 1))
        for kind in kinds
        for subject in kind.week.get(DAYS[day.weekday()], ())
    )
    yield from sorted(
        (each for each in found if after < each.starts_at <= until), key=lambda each: (each.starts_at, each.subject)
    )


def hours(kind: ShiftKind, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return when a shift of a day begins and ends.

    A local time that a change of clocks leaves out is an hour later, one that it repeats is the first of both.
    """
    starts = datetime.combine(day, kind.starts, zone)
    over_midnight = kind.ends <= kind.starts
    ends = datetime.combine(day + timedelta(days=over_midnight), kind.ends, zone)
    return _utc(starts), _utc(ends)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(ZoneInfo("UTC"))
