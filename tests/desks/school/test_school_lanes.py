"""What comes next by the shift, and that no order is in two lanes or in none (S4.5)."""

from collections import Counter
from datetime import timedelta
from random import Random
from uuid import UUID

import pytest

from libs.common.contracts.shared import ContactKind
from tests.tasks.client import Api
from tests.tasks.desk import Desk, contact

M = timedelta(minutes=1)
MIDNIGHT = 12 * 60 * M  # from the start of every test, at noon in Moscow
SHOWN = ("soon", "fresh", "late", "night", "promised", "again", "whatsapp", "instagram", "questions")
ORDERS = ("soon", "fresh", "late", "night")


async def came(desk: Desk, *pauses: timedelta) -> list[UUID]:
    """Receive a lead after each pause."""
    leads = []
    for pause in pauses:
        await desk.pass_time(pause)
        leads.append(await desk.lead("school"))
    return leads


async def given(api: Api) -> tuple[str | None, str | None]:
    answer = (await api.call("POST", "/next")).json()
    return (answer["task"]["lead_id"], answer["why"]["lane"]) if answer["task"] else (None, None)


async def held(api: Api, lane: str) -> list[str | None]:
    """Return the leads of a lane."""
    params = {"desk": "demo", "limit": "200"}
    items = (await api.call("GET", f"/queues/{lane}/tasks", role="supervisor", params=params)).json()["items"]
    return [task["lead_id"] for task in items]


async def shown(api: Api) -> Counter[str]:
    """In how many lanes each lead is shown."""
    found: Counter[str] = Counter()
    for lane in SHOWN:
        found.update(lead_id for lead_id in await held(api, lane) if lead_id)
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
    desk: Desk, api: Api, arrival: timedelta, age: timedelta, lane: str
) -> None:
    (lead_id,) = await came(desk, arrival)
    await desk.pass_time(age)
    assert await given(api) == (str(lead_id), lane)


@pytest.mark.req("S4.5")
async def test_late_orders_come_before_those_of_the_night_the_oldest_first(desk: Desk, api: Api) -> None:
    night = await came(desk, MIDNIGHT + 180 * M, 60 * M)
    late = await came(desk, 8 * 60 * M, 60 * M)
    await desk.pass_time(41 * M)
    assert [await given(api) for _ in range(4)] == [
        *((str(lead_id), "late") for lead_id in late),
        *((str(lead_id), "night") for lead_id in night),
    ]


@pytest.mark.req("S4.5")
async def test_messages_come_after_the_orders_whatsapp_first_and_the_oldest_first(desk: Desk, api: Api) -> None:
    writers = await came(desk, *[41 * M] * 3)
    for lead_id, source in zip(writers, ("instagram", "wazzup", "wazzup"), strict=True):
        await desk.receive(contact(lead_id=lead_id, kind=ContactKind.MESSAGE, source=source))
        await desk.pass_time(M)
    await desk.pass_time(41 * M)
    lanes = [await given(api) for _ in range(6)]
    assert [lane for _, lane in lanes] == ["late"] * 3 + ["whatsapp"] * 2 + ["instagram"]
    assert [lead_id for lead_id, _ in lanes[3:]] == [str(writers[at]) for at in (1, 2, 0)]


@pytest.mark.req("S4.5")
@pytest.mark.parametrize(("hour", "first"), [(13, "night"), (18, "night"), (19, "whatsapp"), (1, "whatsapp")])
async def test_the_evening_comes_to_the_orders_of_the_night_behind_the_messages(
    desk: Desk, api: Api, hour: int, first: str
) -> None:
    night, writer = await came(desk, MIDNIGHT + 180 * M, 480 * M)  # at three and at eleven
    await desk.pass_time(41 * M)
    await given(api)
    await given(api)
    for lead_id in (night, writer):
        await desk.receive(contact(lead_id=lead_id, kind=ContactKind.MESSAGE, source="wazzup"))
    await came(desk, timedelta(0))  # at 11:41, of the night too
    await desk.pass_time(timedelta(hours=(hour - 12) % 24) + 19 * M)
    assert (await given(api))[1] == first


@pytest.mark.req("S4.4", "S4.5")
async def test_from_the_35th_minute_on_an_order_is_a_breach_in_its_window_too(desk: Desk, api: Api) -> None:
    (lead_id,) = await came(desk, 0 * M)
    marks = []
    for pause in (34 * M, M, 4 * M, M):
        await desk.pass_time(pause)
        [task] = (await api.call("GET", "/tasks", role="admin", params={"lead_id": str(lead_id)})).json()["items"]
        lanes = [lane for lane in ORDERS if await held(api, lane) == [str(lead_id)]]
        marks.append((task["overdue"], lanes))
    assert marks == [(False, ["fresh"]), (True, ["fresh"]), (True, ["fresh"]), (True, ["late"])]


@pytest.mark.req("S4.5", "S2.12")
async def test_a_promised_call_comes_before_what_is_new(desk: Desk, api: Api) -> None:
    (lead_id,) = await came(desk, 0 * M)
    await desk.pass_time(20 * M)
    task = (await api.call("POST", "/next")).json()["task"]
    at = desk.clock.now() + 60 * M
    await api.outcome(task, "callback", call_made=True, callback_at=at.isoformat())
    (fresh,) = await came(desk, 35 * M)
    await desk.pass_time(25 * M)
    assert [await given(api), await given(api)] == [(str(fresh), "fresh"), (str(lead_id), "promised")]


@pytest.mark.req("S4.5")
async def test_every_new_order_is_in_exactly_one_lane_at_every_instant(desk: Desk, api: Api) -> None:
    dice = Random(7)  # noqa: S311 - a story that can be repeated
    leads: list[UUID] = []
    for _ in range(16):
        leads += await came(desk, dice.choice([0, 1, 19, 20, 39, 40, 119, 241, 600]) * M)
        await desk.pass_time(dice.choice([0, 1, 20, 21, 59]) * M)
        if dice.random() < 0.3:
            await given(api)  # whoever has it, it is new until it is worked
        assert await shown(api) == Counter(dict.fromkeys(map(str, leads), 1))
