"""Days that are not as their weekday says: holidays of a country with their transfers, and a desk's own days.

The country's come from the library `holidays`; a desk's own go before them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from functools import cache, cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holidays import HolidayBase

Hours = tuple[time, time]


class DayKind(StrEnum):
    """What a day is in spite of its weekday."""

    OFF = "off"
    WORK = "work"


@dataclass(frozen=True)
class OwnDay:
    """A day that a desk has decided about; `hours` of a day of work, none = as on another day of work."""

    day: date
    kind: DayKind
    hours: tuple[Hours, ...] = ()


@dataclass(frozen=True)
class Holidays:
    """The holidays that a desk keeps: of a country (ISO 3166-1) and its region, and its own days."""

    country: str | None = None
    region: str | None = None
    days: tuple[OwnDay, ...] = ()

    @cached_property
    def _own(self) -> dict[date, OwnDay]:
        return {each.day: each for each in self.days}

    def of(self, day: date) -> OwnDay | None:
        """Return what a day is in spite of its weekday; None: it is as its weekday says."""
        own = self._own.get(day)
        if own is not None or self.country is None:
            return own
        kind = _kind(self.country, self.region, day)
        return None if kind is None else OwnDay(day, kind)


NO_HOLIDAYS = Holidays()


def known_countries() -> Sequence[str]:
    """Return the codes of countries whose holidays are known."""
    from holidays import list_supported_countries

    return sorted(list_supported_countries())


def known_regions(country: str) -> Sequence[str]:
    """Return the codes of a known country's regions that have holidays of their own."""
    from holidays import list_supported_countries

    return sorted(list_supported_countries()[country])


@cache
def _kind(country: str, region: str | None, day: date) -> DayKind | None:
    found = _calendar(country, region)
    off = day in found  # reads the year's days
    if day in found.weekend_workdays:
        return DayKind.WORK
    return DayKind.OFF if off else None


@cache
def _calendar(country: str, region: str | None) -> "HolidayBase":
    # Read by processes of desks that keep a country's holidays alone: 10 MB.
    from holidays import country_holidays

    return country_holidays(country, subdiv=region)
