"""A playbook starts another one on its subject, once at a time."""

import asyncio

import pytest

from libs.common.contracts import intake
from libs.common.contracts.shared import OrderStatus
from libs.common.platform.ids import uuid7
from libs.common.testkit.database import BLOCKED
from services.tasks.processes.actions import advance
from services.tasks.processes.store import LostRaceError
from tests.support.patience import PATIENCE
from tests.tasks.client import Api, Json
from tests.tasks.desk import Desk
from tests.tasks.subjects import CARE, MAIN, REFUND, activate_all, born, customer_changed, order_changed
from tests.tasks.support import TINY

REFUNDED = OrderStatus.REFUND_REQUESTED


async def running(desk: Desk) -> list[str]:
    rows = await desk.ctx.db.pool.fetch("SELECT playbook FROM process WHERE ended_at IS NULL ORDER BY id")
    return [row["playbook"] for row in rows]


async def reasons(desk: Desk) -> list[str]:
    """Return why playbooks were not started."""
    rows = await desk.ctx.db.pool.fetch("SELECT facts FROM timeline_entry WHERE kind = 'process_not_started'")
    return [row["facts"]["reason"] for row in rows]


async def received(desk: Desk) -> intake.LeadReceivedV2:
    data = born("main")
    await desk.receive(data)
    return data


async def test_a_step_starts_another_playbook_beside_the_first(desk: Desk, api: Api) -> None:
    await activate_all(desk)
    data = await received(desk)
    await desk.receive(order_changed(data.lead_id, REFUNDED))
    found = await api.call("GET", "/tasks", role="admin", params={"lead_id": str(data.lead_id)})
    assert await running(desk) == ["main", "refund"]
    assert sorted(task["type"] for task in found.json()["items"]) == ["call", "keep"]


async def test_the_timeline_tells_what_started_it(desk: Desk, api: Api) -> None:
    await activate_all(desk)
    data = await received(desk)
    await desk.receive(order_changed(data.lead_id, REFUNDED))
    answer = await api.call("GET", "/timeline", role="admin", language="en", params={"lead_id": str(data.lead_id)})
    told: Json = next(step for step in answer.json()["items"] if step["kind"] == "process_started")
    assert (told["title"], told["rule"]) == ("Process “refund” started", "on.order_changed.1")


async def test_a_second_start_is_recorded_and_changes_nothing(desk: Desk) -> None:
    await activate_all(desk)
    data = await received(desk)
    for _ in range(2):
        await desk.receive(order_changed(data.lead_id, REFUNDED))
    assert (await running(desk), await reasons(desk)) == (["main", "refund"], ["runs_already"])


async def test_once_it_has_ended_it_can_be_started_anew(desk: Desk, api: Api) -> None:
    await activate_all(desk)
    data = await received(desk)
    await desk.receive(order_changed(data.lead_id, REFUNDED))
    (task,) = (await api.call("GET", "/tasks", role="admin", params={"type": "keep"})).json()["items"]
    body = {"outcome": "done", "comment": "удержали"}
    await api.call("POST", f"/tasks/{task['id']}/outcome", role="admin", json=body, version=task["version"])
    await desk.receive(order_changed(data.lead_id, REFUNDED))
    assert (await running(desk), await reasons(desk)) == (["main", "refund"], [])


async def test_a_playbook_that_is_not_active_is_not_started_and_that_is_told(desk: Desk) -> None:
    await desk.activate_playbook(MAIN)
    data = await received(desk)
    await desk.receive(order_changed(data.lead_id, REFUNDED))
    assert (await running(desk), await reasons(desk)) == (["main"], ["not_active"])


async def test_a_playbook_of_another_subject_is_not_started(desk: Desk) -> None:
    await desk.activate_playbook(MAIN.replace("playbook: refund", "playbook: care"))
    await desk.activate_playbook(CARE)
    data = await received(desk)
    await desk.receive(order_changed(data.lead_id, REFUNDED))
    assert (await running(desk), await reasons(desk)) == (["main"], ["other_subject"])


async def test_playbooks_that_start_each_other_come_to_an_end(desk: Desk) -> None:
    back = "        - start: tiny\n        - end: true\n"
    source = TINY.replace("        - open: call\n", "        - open: call\n        - start: echo\n")
    await desk.activate_playbook(source)
    echo = TINY.replace("playbook: tiny", "playbook: echo").replace("lead_received:", "started:")
    await desk.activate_playbook(echo.replace("        - open: call\n", "        - open: call\n" + back))
    await desk.receive(born("tiny"))
    assert (await running(desk), await reasons(desk)) == (["tiny"], ["runs_already"])


async def test_an_outcome_starts_it_as_well(desk: Desk, api: Api) -> None:
    source = MAIN.replace("          - end: true", "          - start: refund\n          - end: true")
    await desk.activate_playbook(source)
    await desk.activate_playbook(REFUND)
    task = await api.task((await received(desk)).lead_id)
    body = {"outcome": "done", "comment": "готово"}
    await api.call("POST", f"/tasks/{task['id']}/outcome", role="admin", json=body, version=task["version"])
    assert await running(desk) == ["refund"]


async def test_of_two_starts_at_once_one_is_made_and_the_other_tries_again(desk: Desk) -> None:
    await activate_all(desk)
    changed = customer_changed(uuid7())
    async with desk.ctx.db.begin() as first:
        await advance(desk.ctx)(first, [desk.event(changed)])
        second = asyncio.ensure_future(desk.receive(changed))
        async with asyncio.timeout(PATIENCE):
            while not await desk.ctx.db.pool.fetchval(BLOCKED):
                await asyncio.sleep(0.01)
        await first.commit()
    with pytest.raises(LostRaceError):
        await second
    await desk.receive(changed)
    assert await running(desk) == ["care"]
