"""What comes next by the shift, and that no order is in two lanes or in none (S4.5)."""

from collections import Counter
from datetime import timedelta
from pathlib import Path
from random import Random
from uuid import UUID

import pytest
import pytest_asyncio

from libs.common.contracts.shared import ContactKind
from tests.tasks.client import Api
from tests.tasks.desk import Desk, contact

LANES = Path("tests/tasks/school_lanes.yaml").read_text(encoding="utf-8")
M = timedelta(minutes=1)
MIDNIGHT = 12 * 60 * M  # from the start of every test, at noon in Moscow
SHOWN = ("fresh", "late", "night", "whatsapp", "instagram", "rest")


@pytest_asyncio.fixture
async def school(desk: Desk) -> Desk:
    await desk.activate_playbook(LANES)
    return desk


async def came(desk: Desk, *pauses: timedelta) -> list[UUID]:
    """Receive a lead after each pause."""
    leads = []
    for pause in pauses:
        await desk.pass_time(pause)
        leads.append(await desk.lead("lanes"))
    return leads


async def given(api: Api) -> tuple[str | None, str | None]:
    answer = (await api.call("POST", "/next")).json()
    return (answer["task"]["lead_id"], answer["why"]["lane"]) if answer["task"] else (None, None)


async def shown(api: Api) -> Counter[str]:
    """In how many lanes each lead is shown."""
    found: Counter[str] = Counter()
    for lane in SHOWN:
        path, params = f"/queues/{lane}/tasks", {"desk": "demo", "limit": "200"}
        found.update(
            task["lead_id"]
            for task in (await api.call("GET", path, role="supervisor", params=params)).json()["items"]
        )
    return found


@pytest.mark.req("S4.5")
@pytest.mark.parametrize(
    ("arrival", "age", "lane"),
    [
        (0 * M, 20 * M, "fresh"),
        (0 * M, 39 * M, "fresh"),
        (0 * M, 40 * M, "late"),
        (MIDNIGHT + 119 * M, 9 * 60 * M, "late"),
        (MIDNIGHT + 120 * M, 9 * 60 * M, "night"),
        (MIDNIGHT + 719 * M, 41 * M, "night"),
        (MIDNIGHT + 720 * M, 41 * M, "late"),
    ],
)
async def test_an_order_is_in_the_lane_of_its_age_and_its_hour(
    school: Desk, api: Api, arrival: timedelta, age: timedelta, lane: str
) -> None:
    (lead_id,) = await came(school, arrival)
    await school.pass_time(age)
    assert await given(api) == (str(lead_id), lane)


@pytest.mark.req("S4.5")
async def test_late_orders_come_before_those_of_the_night_the_oldest_first(school: Desk, api: Api) -> None:
    night = await came(school, MIDNIGHT + 180 * M, 60 * M)
    late = await came(school, 8 * 60 * M, 60 * M)
    await school.pass_time(41 * M)
    assert [await given(api) for _ in range(4)] == [
        *((str(lead_id), "late") for lead_id in late),
        *((str(lead_id), "night") for lead_id in night),
    ]


@pytest.mark.req("S4.5")
async def test_messages_come_after_the_orders_whatsapp_first_and_the_oldest_first(school: Desk, api: Api) -> None:
    writers = await came(school, *[41 * M] * 3)
    for lead_id, source in zip(writers, ("instagram", "wazzup", "wazzup"), strict=True):
        await school.receive(contact(lead_id=lead_id, kind=ContactKind.MESSAGE, source=source))
        await school.pass_time(M)
    await school.pass_time(41 * M)
    lanes = [await given(api) for _ in range(6)]
    assert [lane for _, lane in lanes] == ["late"] * 3 + ["whatsapp"] * 2 + ["instagram"]
    assert [lead_id for lead_id, _ in lanes[3:]] == [str(writers[at]) for at in (1, 2, 0)]


@pytest.mark.req("S4.5")
async def test_the_evening_shift_is_given_no_order_of_the_night(school: Desk, api: Api) -> None:
    (night,) = await came(school, MIDNIGHT + 180 * M)
    await school.pass_time(17 * 60 * M)  # 20:00
    assert await given(api) == (None, None)
    await school.pass_time(12 * 60 * M)
    assert await given(api) == (str(night), "night")


@pytest.mark.req("S4.5")
async def test_every_new_order_is_in_exactly_one_lane_at_every_instant(school: Desk, api: Api) -> None:
    dice = Random(7)  # noqa: S311 - a story that can be repeated
    leads: list[UUID] = []
    for _ in range(16):
        leads += await came(school, dice.choice([0, 1, 39, 40, 119, 241, 600]) * M)
        await school.pass_time(dice.choice([20, 21, 59]) * M)
        assert await shown(api) == Counter(dict.fromkeys(map(str, leads), 1))
