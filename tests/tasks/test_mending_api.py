"""A wrong outcome is mended over HTTP: who may, how long, what it takes back, and what stays (P.15)."""

from datetime import timedelta
from uuid import UUID

import pytest
from httpx import Response

from libs.common.contracts import notifications, tasks
from libs.common.platform.ids import uuid7
from tests.tasks.client import Api, Json
from tests.tasks.desk import Desk, pool


async def ended(desk: Desk, api: Api, outcome: str, problem: str) -> Json:
    """A call that Anna has taken, made and ended."""
    task = await api.task(await desk.lead("callback"))
    taken = (await api.call("POST", f"/tasks/{task['id']}/take")).json()
    closed: Json = (await api.outcome(taken, outcome, call_made=True, problem=problem)).json()
    return closed


async def mend(
    api: Api, task: Json, outcome: str, sub: str = "anna", role: str = "operator", **given: object
) -> Response:
    body = {
        "outcome": outcome,
        "comment": "записали на среду",
        "call_made": True,
        "reason": "не та кнопка",
        **given,
    }
    path = f"/tasks/{task['id']}/mend"
    return await api.call("POST", path, sub=sub, role=role, json=body, version=task["version"])


async def looked(api: Api, task: Json, sub: str = "anna") -> Json:
    found: Json = (await api.call("GET", f"/tasks/{task['id']}/mending", sub=sub)).json()
    return found


async def steps(api: Api, task: Json) -> list[Json]:
    found = await api.call("GET", "/timeline", role="supervisor", params={"lead_id": task["lead_id"]})
    given: list[Json] = found.json()["items"]
    return given


async def stored(desk: Desk, task: Json) -> Json:
    row = await desk.ctx.db.pool.fetchrow("SELECT * FROM process WHERE lead_id = $1", UUID(task["lead_id"]))
    assert row is not None
    return dict(row)


@pytest.mark.req("P.15", "S0.2")
async def test_who_gave_the_wrong_outcome_gives_the_right_one(desk: Desk, api: Api) -> None:
    task = await ended(desk, api, "refused", "expensive")
    mended = await mend(api, task, "booked")
    assert (mended.status_code, mended.json()["state"], mended.json()["outcome"]) == (200, "completed", "booked")
    assert (await stored(desk, task))["status"] == "booked"
    assert [sent.status for sent in await desk.sent(tasks.LeadStatusRequested)][-3:] == [
        "refused",
        "in_work",
        "booked",
    ]


async def test_the_timeline_keeps_the_wrong_outcome_and_says_why_it_was_mended(desk: Desk, api: Api) -> None:
    task = await ended(desk, api, "refused", "expensive")
    await mend(api, task, "booked")
    found = [step for step in await steps(api, task) if step["task_id"] == task["id"]]
    said = [(step["kind"], step["facts"].get("outcome")) for step in found][-3:]
    assert said == [
        ("dozvon.task.failed.v1", "refused"),
        ("outcome_mended", "refused"),
        ("dozvon.task.completed.v1", "booked"),
    ]
    assert (
        next(step["title"] for step in found if step["kind"] == "outcome_mended") == "Исход исправлен: не та кнопка"
    )


async def test_a_successor_is_closed_and_its_attempt_is_not_counted(desk: Desk, api: Api) -> None:
    task = await ended(desk, api, "no_answer", "busy")
    assert (await looked(api, task))["successor_ids"] == [task["successor_id"]]
    await mend(api, task, "reached")
    (process, found) = (
        await stored(desk, task),
        await api.call("GET", f"/tasks/{task['successor_id']}", role="admin"),
    )
    assert (process["attempts"], found.json()["state"], found.json()["comment"]) == ({}, "failed", "не та кнопка")


async def test_a_message_that_has_not_left_is_withdrawn(desk: Desk, api: Api) -> None:
    task = await ended(desk, api, "no_answer", "busy")
    assert (await mend(api, task, "reached")).status_code == 200
    assert [withdrawn.purpose for withdrawn in await desk.sent(tasks.MessageWithdrawn)] == ["no_answer"]


@pytest.mark.req("P.15")
async def test_a_message_that_has_left_is_named_first(desk: Desk, api: Api) -> None:
    task = await ended(desk, api, "no_answer", "busy")
    await desk.receive(message_sent(task, "no_answer"))
    left = [{"kind": "message", "code": "no_answer"}]
    refused = await mend(api, task, "reached")
    assert (refused.status_code, refused.json()["code"], refused.json()["left"]) == (409, "already_left", left)
    assert (await looked(api, task))["left"] == left
    assert (await mend(api, task, "reached", accept_left=True)).status_code == 200
    assert await desk.sent(tasks.MessageWithdrawn) == []


async def test_a_report_of_the_message_before_is_not_that_the_new_one_has_left(desk: Desk, api: Api) -> None:
    task = await ended(desk, api, "no_answer", "busy")
    read = message_sent(task, "no_answer").model_dump(exclude={"template_version", "rung"})
    await desk.receive(notifications.MessageRead(**read))
    assert (await looked(api, task))["left"] == []
    assert (await mend(api, task, "reached")).status_code == 200
    assert [withdrawn.purpose for withdrawn in await desk.sent(tasks.MessageWithdrawn)] == ["no_answer"]


def message_sent(task: Json, purpose: str) -> notifications.MessageSent:
    return notifications.MessageSent(
        message_id=uuid7(),
        lead_id=task["lead_id"],
        template=purpose,
        purpose=purpose,
        channel="whatsapp",
        provider="wazzup",
        template_version=1,
    )


@pytest.mark.parametrize(("minutes", "status"), [(14, 200), (15, 409)])
async def test_the_pool_says_for_how_long(desk: Desk, api: Api, minutes: int, status: int) -> None:
    task = await ended(desk, api, "refused", "expensive")
    await desk.pass_time(timedelta(minutes=minutes))
    assert (await mend(api, task, "booked")).status_code == status


async def test_a_pool_may_forbid_it(desk: Desk, api: Api) -> None:
    await desk.receive(pool(mend_within=0))
    task = await ended(desk, api, "refused", "expensive")
    refused = await mend(api, task, "booked")
    assert (refused.status_code, refused.json()["code"], refused.json()["final"]) == (
        409,
        "outcome_final",
        "too_late",
    )


async def test_a_supervisor_mends_anybody_s_outcome_and_a_colleague_none(desk: Desk, api: Api) -> None:
    task = await ended(desk, api, "refused", "expensive")
    assert (await mend(api, task, "booked", sub="boris")).status_code == 404
    mended = await mend(api, task, "booked", sub="chief", role="supervisor")
    assert (mended.status_code, mended.json()["closed_by"]) == (200, "chief")


async def test_who_did_not_give_the_outcome_does_not_mend_it(desk: Desk, api: Api) -> None:
    task = await api.task(await desk.lead("callback"))
    taken = (await api.call("POST", f"/tasks/{task['id']}/take")).json()
    body = {"outcome": "refused", "comment": "передумал", "call_made": True, "problem": "expensive"}
    path = f"/tasks/{task['id']}/outcome"
    closed = await api.call("POST", path, sub="chief", role="supervisor", json=body, version=taken["version"])
    assert (await mend(api, closed.json(), "booked")).json()["final"] == "given_by_other"


async def test_what_followed_and_was_worked_on_stays(desk: Desk, api: Api) -> None:
    task = await ended(desk, api, "no_answer", "busy")
    await desk.pass_time(timedelta(minutes=10))
    await api.call("POST", f"/tasks/{task['successor_id']}/take", sub="boris")
    refused = await mend(api, task, "reached")
    assert (refused.status_code, refused.json()["final"]) == (409, "worked_on")
    assert (await looked(api, task))["final"] == "worked_on"


async def test_a_bad_outcome_is_refused_with_every_fault_and_takes_nothing_back(desk: Desk, api: Api) -> None:
    task = await ended(desk, api, "refused", "expensive")
    refused = await mend(api, task, "refused", comment=" ", call_made=None)
    faults = [fault["pointer"] for fault in refused.json()["errors"]]
    assert (refused.status_code, faults) == (422, ["/comment", "/call_made", "/problem"])
    assert (await stored(desk, task))["status"] == "refused"


async def test_a_mended_outcome_may_be_mended_again(desk: Desk, api: Api) -> None:
    task = await ended(desk, api, "no_answer", "busy")
    second = (await mend(api, task, "refused", problem="expensive")).json()
    third = await mend(api, second, "no_answer", problem="busy")
    opened = await api.task(UUID(task["lead_id"]))
    assert (third.status_code, opened["id"], opened["attempt"]) == (200, third.json()["successor_id"], 2)
    assert (await stored(desk, task))["attempts"] == {"calls": 1}


async def test_only_the_last_outcome_of_a_lead_is_mended(desk: Desk, api: Api) -> None:
    task = await ended(desk, api, "no_answer", "busy")
    await desk.pass_time(timedelta(minutes=10))
    taken = (await api.call("POST", f"/tasks/{task['successor_id']}/take")).json()
    await api.outcome(taken, "reached", call_made=True)
    assert (await mend(api, task, "reached")).json()["final"] == "superseded"


async def test_a_stale_version_is_answered_with_the_task_as_it_is(desk: Desk, api: Api) -> None:
    task = await ended(desk, api, "refused", "expensive")
    await mend(api, task, "booked")
    stale = await mend(api, task, "reached")
    assert (stale.status_code, stale.json()["current"]["outcome"]) == (412, "booked")


async def test_an_open_task_has_no_outcome_to_mend(desk: Desk, api: Api) -> None:
    task = await api.task(await desk.lead("callback"))
    assert (await looked(api, task))["final"] == "no_outcome"


async def test_outcomes_that_nobody_may_mend_any_more_go(desk: Desk, api: Api) -> None:
    for _ in range(3):
        await ended(desk, api, "refused", "expensive")
    await desk.pass_time(timedelta(minutes=16))
    await ended(desk, api, "refused", "expensive")
    assert await desk.ctx.db.pool.fetchval("SELECT count(*) FROM mendable") == 2
