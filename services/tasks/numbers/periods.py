"""A period of whole days, cut into whole months and the days before and after them (S4.7)."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple, Self

_DAY = timedelta(days=1)


class Stretch(NamedTuple):
    """Days from the first to the last, both within; empty when the last is before the first."""

    first: date
    last: date


EMPTY = Stretch(date(2000, 1, 2), date(2000, 1, 1))


@dataclass(frozen=True, slots=True)
class Period:
    """The rows to read for some days: of months by their first days, of days before and after those."""

    months: Stretch
    head: Stretch
    tail: Stretch

    @classmethod
    def of(cls, first: date, last: date, *, daily: bool = False) -> Self:
        """Cut the days from the first to the last, both within; `daily`: into days alone."""
        begins = first if first.day == 1 else _next_month(first)
        ends = (last + _DAY).replace(day=1)  # the first day that is in no whole month
        if daily or begins >= ends:
            return cls(EMPTY, Stretch(first, last), EMPTY)
        months = Stretch(begins, (ends - _DAY).replace(day=1))
        return cls(months, Stretch(first, begins - _DAY), Stretch(ends, last))


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
