"""What an absence is, as it is asked for, and what is wrong with it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

FARTHEST = timedelta(days=366)
_FIRST, _LAST = date(1900, 1, 1), date(9000, 1, 1)


class AbsenceState(StrEnum):
    """How an absence stands; these codes are stored."""

    PLANNED = "planned"
    UNDER_WAY = "under_way"
    OVER = "over"
    CANCELLED = "cancelled"


#: Those that have not ended.
LIVE = frozenset({AbsenceState.PLANNED, AbsenceState.UNDER_WAY})


@dataclass(frozen=True, slots=True)
class AskedAbsence:
    """An absence as a person plans it: whole days by the desk's clock, the last one included, or moments."""

    operator_id: UUID
    reason: str
    deputy_id: UUID | None = None
    first_day: date | None = None
    last_day: date | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AbsenceFault:
    """What is wrong with an absence as it was asked for."""

    field: str
    code: str


def span(asked: AskedAbsence, zone: str) -> tuple[datetime, datetime]:
    """Return from when until when the operator is not there; one of both ways is given whole."""
    if asked.first_day is not None and asked.last_day is not None:
        place = ZoneInfo(zone)
        first = datetime.combine(_within(asked.first_day), time(), place)
        after = datetime.combine(_within(asked.last_day) + timedelta(days=1), time(), place)
        return first.astimezone(UTC), after.astimezone(UTC)
    assert asked.starts_at is not None  # noqa: S101 - the body has either
    assert asked.ends_at is not None  # noqa: S101 - as above
    return _moment(asked.starts_at), _moment(asked.ends_at)


def _within(day: date) -> date:
    """Return a day that has a time in every zone, and a day after it: the ends of the calendar have none."""
    return min(max(day, _FIRST), _LAST)


def _moment(at: datetime) -> datetime:
    first, last = (datetime.combine(day, time(), UTC) for day in (_FIRST, _LAST))
    return min(max(at, first), last)


def faults(
    asked: AskedAbsence, zone: str, now: datetime, *, active: bool, deputy_works: bool
) -> tuple[AbsenceFault, ...]:
    """Return all faults of an absence; `deputy_works`: at the operator's home desk. Empty = it can be planned."""
    return tuple(_faults(asked, zone, now, active=active, deputy_works=deputy_works))


def _faults(
    asked: AskedAbsence, zone: str, now: datetime, *, active: bool, deputy_works: bool
) -> Iterator[AbsenceFault]:
    by_days = asked.first_day is not None
    starts, ends = span(asked, zone)
    if not active:
        yield AbsenceFault("operator_id", "operator_inactive")
    if ends <= starts:
        yield AbsenceFault("last_day" if by_days else "ends_at", "ends_before_it_starts")
    elif ends <= now:
        yield AbsenceFault("last_day" if by_days else "ends_at", "in_the_past")
    if starts > now + FARTHEST:
        yield AbsenceFault("first_day" if by_days else "starts_at", "too_far")
    if asked.deputy_id is not None and (asked.deputy_id == asked.operator_id or not deputy_works):
        yield AbsenceFault("deputy_id", "unfit_deputy")
