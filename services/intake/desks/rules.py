"""Working days of a desk: pure."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, timedelta

from libs.common.domain.workdays import NO_HOLIDAYS, DayKind, Holidays

_WEEK = frozenset({1, 2, 3, 4, 5})
_HORIZON = 3660  # days


@dataclass(frozen=True, slots=True)
class WorkDays:
    """On which weekdays (ISO) a desk works, and the days that are not as their weekday says."""

    weekdays: AbstractSet[int] = _WEEK
    holidays: Holidays = NO_HOLIDAYS

    def has(self, day: date) -> bool:
        """Return whether the desk works on a day."""
        special = self.holidays.of(day)
        return day.isoweekday() in self.weekdays if special is None else special.kind is DayKind.WORK


def workday_after(day: date, count: int, work: WorkDays) -> date:
    """Return the day that is `count` working days after another, which does not count itself.

    The day by the calendar where a desk never works.
    """
    ahead = (day + timedelta(days=number) for number in range(1, _HORIZON))
    found = [each for each, _ in zip((one for one in ahead if work.has(one)), range(count), strict=False)]
    return found[-1] if len(found) == count else day + timedelta(days=count)
