"""Queues and `next` over HTTP."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from tests.tasks.client import Api
from tests.tasks.world import World, operator, proposal


async def given(api: Api, sub: str = "anna", language: str = "en") -> tuple[str | None, str | None]:
    """Return the lead that comes next and the lane it came from."""
    answer = (await api.call("POST", "/next", sub=sub, language=language)).json()
    return (answer["task"]["lead_id"], answer["why"]["lane"]) if answer["task"] else (None, None)


@pytest.mark.req("S4.5")
async def test_next_gives_a_fresh_order_within_its_window_and_says_why(world: World, api: Api) -> None:
    lead_id = await world.lead("school")
    await world.pass_time(timedelta(minutes=20))
    answer = (await api.call("POST", "/next", language="en")).json()
    assert (answer["task"]["lead_id"], answer["task"]["taken_at"] is not None) == (str(lead_id), True)
    assert answer["why"]["text"] == "“Fresh orders” interrupts everything else every 20 min"


@pytest.mark.req("S4.4", "S4.5")
async def test_next_offers_nothing_before_the_20th_minute(world: World, api: Api) -> None:
    await world.lead("school")
    await world.pass_time(timedelta(minutes=19))
    assert await given(api) == (None, None)


@pytest.mark.req("S4.5")
async def test_fresh_orders_interrupt_once_in_20_minutes(world: World, api: Api) -> None:
    old = await world.lead("school")
    await world.pass_time(timedelta(minutes=25))
    fresh = []
    for _ in range(2):
        fresh.append(await world.lead("school"))
        world.clock.advance(timedelta(seconds=1))
    await world.pass_time(timedelta(minutes=22))
    lanes = [await given(api) for _ in range(3)]
    assert lanes == [(str(fresh[0]), "fresh"), (str(fresh[1]), "fresh"), (str(old), "new")]


@pytest.mark.req("S1.2")
async def test_new_is_taken_most_urgent_first(world: World, api: Api) -> None:
    leads = []
    for _ in range(2):
        leads.append(await world.lead("callback"))
        world.clock.advance(timedelta(minutes=1))
    assert [await given(api), await given(api)] == [(str(lead_id), "new") for lead_id in leads]


async def test_one_s_own_assigned_task_comes_before_new_ones(world: World, api: Api) -> None:
    await world.lead("callback")
    mine = await world.lead("callback")
    task = await api.task(mine)
    await world.receive(proposal(task["id"], mine))
    assert await given(api) == (str(mine), "mine")


@pytest.mark.req("S1.2")
async def test_next_gives_only_known_products(world: World, api: Api) -> None:
    await world.receive(operator(UUID(int=9), "clara", products=("other",)))
    await world.lead("callback")
    assert await given(api, "clara") == (None, None)


@pytest.mark.req("S1.2")
async def test_two_operators_asking_at_once_never_get_the_same(world: World, api: Api) -> None:
    leads = {str(await world.lead("callback")) for _ in range(4)}
    answers = await asyncio.gather(*(given(api, sub) for sub in ("anna", "boris", "anna", "boris")))
    assert {lead_id for lead_id, _ in answers} == leads


async def test_somebody_who_is_no_operator_is_told_so(world: World, api: Api) -> None:
    refused = await api.call("POST", "/next", sub="stranger")
    assert (refused.status_code, refused.json()["code"]) == (403, "no_operator")


@pytest.mark.req("S1.1")
async def test_queues_show_count_and_oldest_age(world: World, api: Api) -> None:
    for _ in range(2):
        await world.lead("callback")
        world.clock.advance(timedelta(minutes=3))
    queues = (await api.call("GET", "/queues", language="en")).json()["items"]
    shown = {(q["code"], tuple(q["playbooks"])): (q["count"], q["oldest_age"]) for q in queues}
    assert shown["new", ("callback",)] == (2, 360)
    assert shown["mine", ("callback", "school")] == (0, None)


async def test_tasks_of_a_queue_come_in_its_order_by_pages(world: World, api: Api) -> None:
    leads = []
    for _ in range(3):
        leads.append(str(await world.lead("callback")))
        world.clock.advance(timedelta(minutes=1))
    first = (await api.call("GET", "/queues/new/tasks", params={"limit": "2"})).json()
    rest = (
        await api.call("GET", "/queues/new/tasks", params={"limit": "2", "cursor": first["next_cursor"]})
    ).json()
    assert [task["lead_id"] for task in first["items"] + rest["items"]] == leads


async def test_an_unknown_queue_is_404(world: World, api: Api) -> None:
    assert (await api.call("GET", "/queues/nothing/tasks")).status_code == 404


@pytest.mark.parametrize("path", ["/queues", "/queues/new/tasks"])
async def test_readers_as_many_as_connections_never_wait_for_each_other(world: World, api: Api, path: str) -> None:
    async with asyncio.timeout(10):
        answers = await asyncio.gather(*(api.call("GET", path) for _ in range(world.ctx.db.config.pool_size)))
    assert {answer.status_code for answer in answers} == {200}
