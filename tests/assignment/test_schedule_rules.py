"""The week of a desk as moments: over midnight, over changes of clocks, and what cannot be planned."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.assignment.schedule.rules import AHEAD, DAYS, Asked, ShiftKind, Weekday, faults, hours, weekly

MOSCOW = "Europe/Moscow"
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)  # a Monday, noon in Moscow
EVENING = ShiftKind("evening", time(19), time(2), 10, {Weekday.MON: ("ann",), Weekday.SUN: ("bob", "ann")})


def test_a_shift_over_midnight_ends_on_the_next_day() -> None:
    starts, ends = hours(EVENING, date(2026, 3, 2), ZoneInfo(MOSCOW))
    assert (starts, ends) == (datetime(2026, 3, 2, 16, tzinfo=UTC), datetime(2026, 3, 2, 23, tzinfo=UTC))


def test_the_week_is_planned_by_the_desks_clock_from_now_on() -> None:
    planned = [
        (each.subject, each.starts_at.day) for each in weekly([EVENING], MOSCOW, NOW, NOW + timedelta(days=7))
    ]
    assert planned == [("ann", 2), ("ann", 8), ("bob", 8)]


def test_a_shift_keeps_its_local_hours_when_clocks_change() -> None:
    day = ShiftKind("day", time(9), time(18), 10, dict.fromkeys(Weekday, ("ann",)))
    planned = weekly([day], "Europe/Berlin", datetime(2026, 3, 27, tzinfo=UTC), datetime(2026, 3, 31, tzinfo=UTC))
    assert [each.starts_at.hour for each in planned] == [8, 8, 7, 7]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"shift": "evening", "day": date(2026, 3, 2)}, []),
        ({"shift": "evenin", "day": date(2026, 3, 2)}, [("shift", "unknown_shift")]),
        ({"shift": "evening", "day": date(2026, 3, 1)}, [("day", "in_the_past")]),
        ({"shift": "evening", "day": date(2027, 5, 1)}, [("day", "too_far")]),
        ({"starts_at": NOW, "ends_at": NOW + timedelta(hours=25)}, [("ends_at", "not_a_shift")]),
        (
            {"starts_at": NOW + timedelta(hours=2), "ends_at": NOW},
            [("ends_at", "in_the_past"), ("ends_at", "not_a_shift")],
        ),
    ],
)
def test_every_fault_of_a_planned_shift_is_named(asked: dict[str, object], found: list[tuple[str, str]]) -> None:
    wanted = Asked("demo", uuid4(), **asked)  # type: ignore[arg-type] # by name
    said = faults(wanted, {"evening": EVENING}, MOSCOW, NOW, active=True)
    assert [(each.field, each.code) for each in said] == found


@given(
    st.times(), st.times(), st.sampled_from([MOSCOW, "America/New_York", "Asia/Kathmandu", "UTC"]),
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001 - it adds the zone
)  # fmt: skip
def test_any_shift_of_any_zone_is_planned_once_a_day_and_lasts_up_to_a_day(
    starts: time, ends: time, zone: str, now: datetime
) -> None:
    kind = ShiftKind("any", starts, ends, 10, dict.fromkeys(DAYS, ("ann",)))
    planned = list(weekly([kind], zone, now, now + AHEAD))
    days = [each.starts_at.astimezone(ZoneInfo(zone)).date() for each in planned]
    assert AHEAD.days - 1 <= len(days) == len(set(days)) <= AHEAD.days + 1
    assert all(timedelta() < each.ends_at - each.starts_at <= timedelta(hours=25) for each in planned)
