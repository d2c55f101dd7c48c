"""Queues and `next` over HTTP."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from tests.support.patience import PATIENCE
from tests.tasks.client import Api
from tests.tasks.desk import ANNA_ID, Desk, operator, proposal
from tests.tasks.support import TINY


async def given(api: Api, sub: str = "anna", language: str = "en") -> tuple[str | None, str | None]:
    """Return the lead that comes next and the lane it came from."""
    answer = (await api.call("POST", "/next", sub=sub, language=language)).json()
    return (answer["task"]["lead_id"], answer["why"]["lane"]) if answer["task"] else (None, None)


@pytest.mark.req("S4.5")
async def test_next_gives_a_fresh_order_within_its_window_and_says_why(desk: Desk, api: Api) -> None:
    lead_id = await desk.lead("school")
    await desk.pass_time(timedelta(minutes=20))
    answer = (await api.call("POST", "/next", language="en")).json()
    assert (answer["task"]["lead_id"], answer["task"]["taken_at"] is not None) == (str(lead_id), True)
    assert answer["why"]["text"] == "“Fresh orders” interrupts everything else every 20 min; due in 15 min"


@pytest.mark.req("S4.4", "S4.5")
async def test_next_offers_nothing_before_the_20th_minute(desk: Desk, api: Api) -> None:
    await desk.lead("school")
    await desk.pass_time(timedelta(minutes=19))
    assert await given(api) == (None, None)


@pytest.mark.req("S4.5")
async def test_fresh_orders_interrupt_one_s_own_tasks_once_in_20_minutes(desk: Desk, api: Api) -> None:
    fresh = []
    for _ in range(2):
        fresh.append(await desk.lead("school"))
        await desk.pass_time(timedelta(minutes=10))
    for own in [await desk.lead("callback") for _ in range(2)]:
        await desk.receive(proposal((await api.task(own))["id"], own))
    lanes = [(await given(api))[1] for _ in range(2)]
    await desk.pass_time(timedelta(minutes=19, seconds=59))
    lanes.append((await given(api))[1])
    await desk.pass_time(timedelta(seconds=1))
    assert (lanes, await given(api)) == (["fresh", "mine", "mine"], (str(fresh[1]), "fresh"))


@pytest.mark.req("S4.5")
async def test_what_is_no_longer_fresh_waits_with_the_others(desk: Desk, api: Api) -> None:
    old = await desk.lead("school")
    await desk.pass_time(timedelta(minutes=41))
    assert await given(api) == (str(old), "late")


@pytest.mark.req("S1.2", "S1.3")
async def test_a_lead_that_somebody_is_responsible_for_is_not_new(desk: Desk, api: Api) -> None:
    lead_id = await desk.lead("callback")
    task = (await api.call("POST", "/next")).json()["task"]
    await api.outcome(task, "no_answer", call_made=True, problem="busy")
    await desk.pass_time(timedelta(minutes=10))
    assert (await given(api, "boris")) == (str(lead_id), "again")


@pytest.mark.req("S4.5")
async def test_an_operator_of_two_desks_gets_the_more_urgent_lane_of_either(desk: Desk, api: Api) -> None:
    await desk.add_desk("cars", TINY.replace("mode: push", "mode: pull").replace("priority: 1", "priority: 90"))
    await desk.receive(operator(ANNA_ID, "anna", desks=("demo", "cars"), pools=("main", "callback")))
    cars = await desk.lead("tiny", desk="cars")
    demo = await desk.lead("callback")
    both = ("demo", "cars")
    answers = [(await api.call("POST", "/next", desks=both)).json()["task"]["lead_id"] for _ in range(2)]
    assert answers == [str(demo), str(cars)]


@pytest.mark.req("P.4")
async def test_a_version_with_other_lanes_hides_no_task_of_leads_under_way(desk: Desk, api: Api) -> None:
    pulled = TINY.replace("mode: push", "mode: pull")
    await desk.activate_playbook(pulled)
    await desk.receive(operator(ANNA_ID, "anna", pools=("main",)))
    old = await desk.lead("tiny")
    await desk.activate_playbook(
        pulled.replace("  new: {title: {ru: Новые", "  late: {title: {ru: Новые").replace("lane: new", "lane: late")
    )
    new = await desk.lead("tiny")
    assert {await given(api), await given(api)} == {(str(old), "new"), (str(new), "late")}
    queues = (await api.call("GET", "/queues")).json()["items"]
    assert {q["code"] for q in queues if q["playbooks"] == ["tiny"]} == {"new", "late"}


@pytest.mark.req("S1.2")
async def test_new_is_taken_most_urgent_first(desk: Desk, api: Api) -> None:
    leads = []
    for _ in range(2):
        leads.append(await desk.lead("callback"))
        desk.clock.advance(timedelta(minutes=1))
    assert [await given(api), await given(api)] == [(str(lead_id), "new") for lead_id in leads]


async def test_one_s_own_assigned_task_comes_before_new_ones(desk: Desk, api: Api) -> None:
    await desk.lead("callback")
    mine = await desk.lead("callback")
    task = await api.task(mine)
    await desk.receive(proposal(task["id"], mine))
    assert await given(api) == (str(mine), "mine")


@pytest.mark.req("S1.2")
async def test_next_gives_only_known_products(desk: Desk, api: Api) -> None:
    await desk.receive(operator(UUID(int=9), "clara", products=("other",)))
    await desk.lead("callback")
    assert await given(api, "clara") == (None, None)


@pytest.mark.req("S1.2")
async def test_two_operators_asking_at_once_never_get_the_same(desk: Desk, api: Api) -> None:
    leads = {str(await desk.lead("callback")) for _ in range(4)}
    answers = await asyncio.gather(*(given(api, sub) for sub in ("anna", "boris", "anna", "boris")))
    assert {lead_id for lead_id, _ in answers} == leads


async def test_somebody_who_is_no_operator_is_told_so(desk: Desk, api: Api) -> None:
    refused = await api.call("POST", "/next", sub="stranger")
    assert (refused.status_code, refused.json()["code"]) == (403, "no_operator")


@pytest.mark.req("S1.1")
async def test_queues_show_count_and_oldest_age(desk: Desk, api: Api) -> None:
    for _ in range(2):
        await desk.lead("callback")
        desk.clock.advance(timedelta(minutes=3))
    queues = (await api.call("GET", "/queues", language="en")).json()["items"]
    shown = {(q["code"], tuple(q["playbooks"])): (q["count"], q["oldest_age"]) for q in queues}
    assert shown["new", ("callback",)] == (2, 360)
    assert shown["mine", ("callback",)] == (0, None)


async def test_tasks_of_a_queue_come_in_its_order_by_pages(desk: Desk, api: Api) -> None:
    leads = []
    for _ in range(3):
        leads.append(str(await desk.lead("callback")))
        desk.clock.advance(timedelta(minutes=1))
    first = (await api.call("GET", "/queues/new/tasks", params={"limit": "2"})).json()
    rest = (
        await api.call("GET", "/queues/new/tasks", params={"limit": "2", "cursor": first["next_cursor"]})
    ).json()
    assert [task["lead_id"] for task in first["items"] + rest["items"]] == leads


async def test_an_unknown_queue_is_404(desk: Desk, api: Api) -> None:
    assert (await api.call("GET", "/queues/nothing/tasks")).status_code == 404


@pytest.mark.parametrize("path", ["/queues", "/queues/new/tasks"])
async def test_readers_as_many_as_connections_never_wait_for_each_other(desk: Desk, api: Api, path: str) -> None:
    async with asyncio.timeout(PATIENCE):
        answers = await asyncio.gather(*(api.call("GET", path) for _ in range(desk.ctx.db.config.pool_size)))
    assert {answer.status_code for answer in answers} == {200}


@pytest.mark.req("U11", "S1.1")
async def test_every_queue_has_an_id_that_reads_its_tasks_alone(desk: Desk, api: Api) -> None:
    await desk.activate_playbook(TINY)
    leads = {name: str(await desk.lead(name)) for name in ("callback", "tiny")}
    queues = (await api.call("GET", "/queues")).json()["items"]
    new = {queue["id"]: queue for queue in queues if queue["code"] == "new"}
    found = {name: (await api.call("GET", f"/queues/{name}/tasks")).json()["items"] for name in new}
    assert len({queue["id"] for queue in queues}) == len(queues)
    assert {name: [task["lead_id"] for task in tasks] for name, tasks in found.items()} == {
        f"demo:new:{name}": [lead_id] for name, lead_id in leads.items()
    }


@pytest.mark.req("U11")
async def test_the_code_of_several_queues_still_reads_the_tasks_of_all(desk: Desk, api: Api) -> None:
    await desk.activate_playbook(TINY)
    leads = {str(await desk.lead(name)) for name in ("callback", "tiny")}
    tasks = (await api.call("GET", "/queues/new/tasks")).json()["items"]
    assert {task["lead_id"] for task in tasks} == leads


@pytest.mark.req("U11", "P.4")
async def test_a_queue_keeps_its_id_when_its_playbook_changes(desk: Desk, api: Api) -> None:
    pulled = TINY.replace("mode: push", "mode: pull")
    await desk.activate_playbook(pulled)
    old = str(await desk.lead("tiny"))
    await desk.activate_playbook(pulled.replace("title: {ru: Новые", "title: {ru: Свежие"))
    new = str(await desk.lead("tiny"))
    found = [
        (await api.call("GET", f"/queues/{name}/tasks")).json()["items"]
        for name in ("demo:new:tiny", "demo:new:tiny:1")
    ]
    assert [[task["lead_id"] for task in tasks] for tasks in found] == [[new], [old]]


@pytest.mark.req("U11", "P.6")
async def test_a_queue_of_another_desk_is_404(desk: Desk, api: Api) -> None:
    answer = await api.call("GET", "/queues/demo:new:callback/tasks", desks=("cars",))
    assert answer.status_code == 404
