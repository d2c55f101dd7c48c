"""The holidays that a desk keeps, as they are stored, and back."""

from collections.abc import Mapping
from datetime import date, time
from typing import cast

from libs.common.domain.workdays import DayKind, Holidays, Hours, OwnDay

Json = Mapping[str, object]


def as_json(holidays: Holidays) -> dict[str, object]:
    """Return them as they are stored."""
    days = [
        {
            "day": each.day.isoformat(),
            "kind": each.kind.value,
            "hours": [[opens.isoformat("minutes"), closes.isoformat("minutes")] for opens, closes in each.hours],
        }
        for each in holidays.days
    ]
    return {"country": holidays.country, "region": holidays.region, "days": days}


def holidays_of(stored: Json | None) -> Holidays:
    """Return stored holidays; of a desk of the release before none."""
    if stored is None:
        return Holidays()
    days = tuple(_day(each) for each in cast("list[Json]", stored["days"]))
    return Holidays(cast("str | None", stored["country"]), cast("str | None", stored["region"]), days)


def _day(stored: Json) -> OwnDay:
    hours = tuple(_hours(each) for each in cast("list[list[str]]", stored["hours"]))
    return OwnDay(date.fromisoformat(str(stored["day"])), DayKind(str(stored["kind"])), hours)


def _hours(stored: list[str]) -> Hours:
    opens, closes = stored
    return time.fromisoformat(opens), time.fromisoformat(closes)
