"""A supervisor's board counts what waits for a person at tasks."""

from datetime import timedelta

import pytest

from libs.common.contracts import assignment as work
from libs.common.contracts import tasks
from libs.common.platform.ids import uuid7
from tests.tasks.client import Api
from tests.tasks.desk import Desk


async def counts(api: Api, desk: str = "demo") -> dict[str, int]:
    found = await api.call("GET", "/attention", role="supervisor", desks=(desk,))
    assert found.status_code == 200, found.text
    return {row["kind"]: row["count"] for row in found.json()["items"]}


@pytest.mark.req("S2.2")
async def test_tasks_that_wait_or_are_overdue_are_counted(desk: Desk, api: Api) -> None:
    lead_id = await desk.lead("callback")
    await desk.lead("callback")
    asked = (await desk.sent(tasks.WorkRequested))[0]
    nobody = {"task_id": asked.task_id, "lead_id": lead_id, "pool": "callback", "decision_id": uuid7()}
    await desk.receive(work.WorkWaiting.model_validate({**nobody, "candidates": ()}))
    await desk.pass_time(timedelta(hours=1))
    assert await counts(api) == {"overdue_tasks": 2, "waiting_tasks": 1}


async def test_another_desk_s_are_not(desk: Desk, api: Api) -> None:
    await desk.lead("callback")
    await desk.pass_time(timedelta(hours=1))
    assert await counts(api, "cars") == {}


async def test_operators_have_no_board(desk: Desk, api: Api) -> None:
    assert (await api.call("GET", "/attention")).status_code == 403


async def test_what_waits_is_given_in_pages(desk: Desk, api: Api) -> None:
    await desk.lead("callback")
    await desk.pass_time(timedelta(hours=1))
    await desk.ctx.db.pool.execute("UPDATE task SET waiting = true")
    page = (await api.call("GET", "/attention", role="admin", params={"limit": "1"})).json()
    rest = await api.call("GET", "/attention", role="admin", params={"limit": "1", "cursor": page["next_cursor"]})
    kinds = [row["kind"] for answer in (page, rest.json()) for row in answer["items"]]
    assert (kinds, rest.json()["next_cursor"]) == (["overdue_tasks", "waiting_tasks"], None)
