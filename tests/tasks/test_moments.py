"""When things are due: clock time, working time, days of the desk, the customer's evening."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from services.tasks.engine.moments import add_working, moment_at
from services.tasks.engine.state import Hours, State
from services.tasks.playbooks.terms import Anchor, Day, Moment
from tests.tasks.support import DESK, SCHOOL, START, blank, facts

WEEK = tuple(Hours(day, time(9), time(18)) for day in range(1, 6))
OFFICE = replace(DESK, hours=WEEK)
H = timedelta(hours=1)


def moscow(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of March 2026 (the 2nd is a Monday) in Moscow, as UTC."""
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC) - 3 * H


def state(*, zone: str = "Europe/Moscow") -> State:
    return blank(SCHOOL, replace(facts(), zone=zone), OFFICE)


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        (moscow(2, 10), 4, moscow(2, 14)),
        (moscow(2, 16), 4, moscow(3, 11)),
        (moscow(2, 14), 4, moscow(2, 18)),
        (moscow(6, 17), 4, moscow(9, 12)),
        (moscow(7, 12), 4, moscow(9, 13)),
        (moscow(2, 7), 1, moscow(2, 10)),
        (moscow(2, 10), 45, moscow(9, 10)),
    ],
)
def test_half_a_day_is_working_hours_of_the_desk(start: datetime, hours: int, end: datetime) -> None:
    assert add_working(start, hours * H, OFFICE) == end


def test_two_windows_of_a_day_are_both_worked_whatever_their_order() -> None:
    lunch = replace(DESK, hours=(Hours(1, time(14), time(18)), Hours(1, time(9), time(13))))
    assert add_working(moscow(2, 12), 2 * H, lunch) == moscow(2, 15)
    assert add_working(moscow(2, 13), 1 * H, lunch) == moscow(2, 15)


def test_nothing_to_work_off_at_closing_time_is_due_when_the_desk_opens() -> None:
    assert add_working(moscow(2, 18), timedelta(0), OFFICE) == moscow(3, 9)


def test_a_day_begins_where_the_desk_is() -> None:
    night = datetime(2026, 3, 1, 22, 30, tzinfo=UTC)  # already Monday in Moscow
    assert add_working(night, H, OFFICE) == moscow(2, 10)


def test_a_desk_that_is_never_open_gets_its_moment_all_the_same() -> None:
    shut = replace(DESK, hours=(Hours(1, time(9), time(9)),))
    assert add_working(START, 4 * H, shut) == START + 4 * H


def test_working_time_is_told_in_utc() -> None:
    assert add_working(moscow(2, 7), H, OFFICE).utcoffset() == timedelta(0)


def test_a_desk_without_hours_works_round_the_clock() -> None:
    assert add_working(START, 30 * H, DESK) == START + 30 * H


def test_working_time_skips_the_hour_that_spring_takes_away() -> None:
    desk = replace(
        DESK, zone="Europe/Berlin", hours=tuple(Hours(day, time(0), time(23, 59)) for day in range(1, 8))
    )
    night = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)  # 00:30 in Berlin, whose 02:00 becomes 03:00
    assert add_working(night, 3 * H, desk) == night + 3 * H


@pytest.mark.parametrize(
    ("day", "now", "expected"),
    [
        (Day.NEXT_DAY, moscow(6, 15), moscow(7, 12)),
        (Day.NEXT_WORKDAY, moscow(6, 15), moscow(9, 12)),
        (Day.NEXT_WORKDAY, moscow(2, 15), moscow(3, 12)),
        (Day.NEXT_WORKDAY, moscow(7, 15), moscow(9, 12)),
        (Day.NEXT_DAY, moscow(2, 1), moscow(3, 12)),
    ],
)
def test_a_later_day_is_a_day_of_the_desk(day: Day, now: datetime, expected: datetime) -> None:
    assert moment_at(Moment(day=day, at=time(12)), state(), now) == expected


def test_a_moment_may_count_from_the_receipt_of_the_lead() -> None:
    late = START + timedelta(minutes=17)
    assert moment_at(Moment(Anchor.RECEIVED, timedelta(minutes=20)), state(), late) == START + timedelta(minutes=20)


def test_a_moment_may_be_the_time_that_the_customer_named() -> None:
    asked = START + 5 * H
    assert moment_at(Moment(Anchor.CALLBACK), state(), START, asked) == asked


@pytest.mark.parametrize(("hour", "expected"), [(18, 19), (20, 21), (22, 22)])
def test_an_hour_later_never_passes_the_end_of_the_customer_s_calling_hours(hour: int, expected: int) -> None:
    moment = Moment(after=timedelta(hours=1, minutes=30), not_after=time(expected))
    assert moment_at(moment, state(), moscow(2, hour)) == moscow(2, expected)


def test_calling_hours_are_the_customer_s_not_the_desk_s() -> None:
    moment = Moment(after=3 * H, not_after=time(21))
    assert moment_at(moment, state(zone="Asia/Vladivostok"), moscow(2, 12)) == moscow(2, 14)
