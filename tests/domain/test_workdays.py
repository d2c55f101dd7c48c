"""Days off and days that are worked, of a country and of a desk."""

from datetime import date, time, timedelta

import pytest

from libs.common.domain.workdays import DayKind, Holidays, OwnDay, known_countries, known_regions

RUSSIA = Holidays("RU")
#: The production calendar of 2026: days off that are no weekend, transfers included.
OFF_2026 = [
    "01-01",
    "01-02",
    "01-05",
    "01-06",
    "01-07",
    "01-08",
    "01-09",
    "02-23",
    "03-09",
    "05-01",
    "05-11",
    "06-12",
    "11-04",
    "12-31",
]


def kind(holidays: Holidays, day: date) -> DayKind | None:
    found = holidays.of(day)
    return found.kind if found else None


def days_of(year: int) -> list[date]:
    first = date(year, 1, 1)
    return [day for number in range(366) if (day := first + timedelta(days=number)).year == year]


def test_the_year_2026_of_russia_is_that_of_the_production_calendar() -> None:
    off = [f"{day:%m-%d}" for day in days_of(2026) if kind(RUSSIA, day) is DayKind.OFF and day.isoweekday() < 6]
    assert off == OFF_2026
    assert sum(day.isoweekday() < 6 for day in days_of(2026)) - len(off) == 247


def test_a_saturday_that_is_worked_for_another_day_is_no_day_off() -> None:
    assert [kind(RUSSIA, date(2024, 4, day)) for day in (27, 29)] == [DayKind.WORK, DayKind.OFF]


def test_a_desks_own_days_go_before_the_countrys() -> None:
    own = (OwnDay(date(2026, 1, 2), DayKind.WORK, ((time(12), time(15)),)), OwnDay(date(2026, 7, 1), DayKind.OFF))
    holidays = Holidays("RU", days=own)
    assert [holidays.of(each.day) for each in own] == [*own]
    assert kind(holidays, date(2026, 1, 5)) is DayKind.OFF


@pytest.mark.parametrize("holidays", [Holidays(), Holidays(days=(OwnDay(date(2026, 7, 1), DayKind.OFF),))])
def test_who_names_no_country_keeps_its_own_days_alone(holidays: Holidays) -> None:
    assert kind(holidays, date(2026, 1, 1)) is None


def test_regions_have_days_of_their_own() -> None:
    assert "TA" in known_regions("RU") or known_regions("RU") == []
    assert {"RU", "KZ", "BY"} <= set(known_countries())
