"""Working time of a desk that keeps holidays, and what a desk may say of them over HTTP."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from libs.common.domain.workdays import DayKind, Holidays, OwnDay
from services.tasks.engine.moments import add_working, is_open
from services.tasks.engine.state import Hours
from tests.tasks.client import Api
from tests.tasks.support import DESK

WEEK = tuple(Hours(day, time(9), time(18)) for day in range(1, 6))
OFFICE = replace(DESK, hours=WEEK, holidays=Holidays("RU"))
RUSSIA = {
    "country": "RU",
    "days": [{"day": "2026-12-30", "kind": "work", "hours": [{"opens": "09:00", "closes": "15:00"}]}],
}

pytestmark = pytest.mark.req("S0.5")


def moscow(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+03:00").astimezone(UTC)


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-12-30T17:00", 2, "2027-01-11T10:00"),  # from the 31st to the 10th nobody works
        ("2026-03-06T17:00", 2, "2026-03-10T10:00"),  # the 8th is a Sunday: Monday is off for it
        ("2024-04-26T17:00", 2, "2024-04-27T10:00"),  # a Saturday that is worked, by the hours of a Friday
    ],
)
def test_working_time_goes_on_after_the_holidays(start: str, hours: int, end: str) -> None:
    assert add_working(moscow(start), timedelta(hours=hours), OFFICE) == moscow(end)


def test_a_day_of_the_desks_own_has_its_own_hours() -> None:
    short = OwnDay(date(2026, 12, 30), DayKind.WORK, ((time(9), time(15)),))
    office = replace(OFFICE, holidays=Holidays("RU", days=(short,)))
    assert [is_open(moscow(f"2026-12-30T{hour}:30"), office) for hour in (14, 15)] == [True, False]


def test_a_desk_that_is_open_round_the_clock_is_so_on_holidays() -> None:
    start = moscow("2026-01-01T03:00")
    always = replace(DESK, holidays=Holidays("RU"))
    assert add_working(start, timedelta(hours=4), always) == start + timedelta(hours=4)


async def test_a_desk_says_which_holidays_it_keeps(api: Api) -> None:
    made = await api.call("POST", "/desks", role="admin", json={
        "code": "cars", "title": {"ru": "Сервис", "en": "Cars"}, "zone": "Asia/Omsk", "holidays": RUSSIA,
    })  # fmt: skip
    shown = (await api.call("GET", "/desks/cars", role="admin")).json()["holidays"]
    cleared = await api.call("PATCH", "/desks/cars", role="admin", json={"holidays": {}}, version=1)
    assert (made.status_code, shown) == (201, {"region": None, **RUSSIA})
    assert cleared.json()["holidays"] == {"country": None, "region": None, "days": []}


@pytest.mark.parametrize(
    "holidays",
    [
        {"country": "XX"},
        {"country": "RU", "region": "nowhere"},
        {"region": "BY"},
        {"days": [{"day": "2026-12-31", "kind": "off"}, {"day": "2026-12-31", "kind": "work"}]},
        {"days": [{"day": "2026-12-31", "kind": "off", "hours": [{"opens": "09:00", "closes": "10:00"}]}]},
        {"days": [{"day": "2026-12-31", "kind": "work", "hours": [{"opens": "10:00", "closes": "09:00"}]}]},
    ],
)
async def test_holidays_that_cannot_be_kept_are_refused(api: Api, holidays: object) -> None:
    refused = await api.call("PATCH", "/desks/demo", role="admin", json={"holidays": holidays}, version=1)
    assert (refused.status_code, refused.json()["code"]) == (422, "validation_failed")
