"""How often a customer is called in one day of theirs. Data in, decision out."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Calling:
    """What a desk has said of its calls; None: as many as it wants."""

    calls_a_day: int | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """A customer's day: from midnight to midnight by their clock."""

    begins: datetime
    ends: datetime


def day_of(moment: datetime, zone: str) -> Day:
    """Return the day of a customer in which a moment is; one of 23 or 25 hours too."""
    place = ZoneInfo(zone)
    today = moment.astimezone(place).date()
    return Day(_midnight(today, place), _midnight(today + timedelta(days=1), place))


def _midnight(day: date, place: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), place).astimezone(UTC)
