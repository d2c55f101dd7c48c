"""Bulk actions over HTTP: planned, applied and taken back whole, with a receipt (P.15)."""

from datetime import timedelta
from uuid import UUID

import pytest
from httpx import Response

from libs.common.contracts import tasks
from services.tasks.bulk.actions import continue_bulk_action
from tests.tasks.client import Api, Json
from tests.tasks.desk import ANNA_ID, BORIS_ID, Desk, operator
from tests.tasks.support import TINY

WRONG = {"outcome": "false", "problem": "duplicate"}
BUSY = {"outcome": "no_answer", "problem": "busy", "call_made": True}


async def planned(api: Api, action: str, **given: object) -> Json:
    body = {"desk": "demo", "action": action, "filter": {}, "comment": "дубли одной рассылки", **given}
    answer = await api.call("POST", "/bulk-actions", sub="chief", role="supervisor", json=body)
    assert answer.status_code == 201, answer.text
    plan: Json = answer.json()
    return plan


async def goes_on(api: Api, plan: Json, step: str) -> Json:
    """Apply or undo a bulk action, and return it."""
    path = f"/bulk-actions/{plan['id']}/{step}"
    done: Json = (await api.call("POST", path, sub="chief", role="supervisor", version=plan["version"])).json()
    return done


async def members(api: Api, plan: Json) -> list[Json]:
    found: list[Json] = (await api.call("GET", f"/bulk-actions/{plan['id']}/members", role="supervisor")).json()[
        "items"
    ]
    return found


async def leads(desk: Desk, count: int) -> list[UUID]:
    return [await desk.lead("callback") for _ in range(count)]


async def open_tasks(api: Api) -> list[Json]:
    found = await api.call("GET", "/tasks", role="supervisor", params={"state": "active", "sort": "opened_at"})
    given: list[Json] = found.json()["items"]
    return given


@pytest.mark.req("P.15")
async def test_tasks_are_ended_together_and_taken_back_whole(desk: Desk, api: Api) -> None:
    await leads(desk, 3)
    before = await open_tasks(api)
    done = await goes_on(api, await planned(api, "end", outcome=WRONG), "apply")
    assert (done["state"], done["members"], await open_tasks(api)) == ("applied", {"done": 3}, [])
    undone = await goes_on(api, done, "undo")
    again = await open_tasks(api)
    assert (undone["state"], undone["members"]) == ("undone", {"taken_back": 3})
    assert {what(task) for task in again} == {what(task) for task in before}


def what(task: Json) -> tuple[object, ...]:
    return task["lead_id"], task["type"], task["due_at"]


TWO = TINY.replace("- open: call", "- open: call\n        - open: {type: call, due: 1h}").replace(
    "- end: true", "- open: {type: call, due: 3h}"
)


async def test_two_tasks_of_one_lead_are_taken_back_too(desk: Desk, api: Api) -> None:
    await desk.activate_playbook(TWO)
    await desk.lead("tiny")
    before = {what(task) for task in await open_tasks(api)}
    done = await goes_on(api, await planned(api, "end", outcome={"outcome": "done"}), "apply")
    undone = await goes_on(api, done, "undo")
    assert (done["members"], undone["members"]) == ({"done": 2}, {"taken_back": 2})
    assert {what(task) for task in await open_tasks(api)} == before


async def test_a_task_that_an_outcome_closed_goes_back_to_who_had_it(desk: Desk, api: Api) -> None:
    await desk.activate_playbook(
        TINY.replace("- open: call", "- open: call\n        - open: {type: call, due: 1h}")
    )
    await desk.lead("tiny")
    first, second = await open_tasks(api)
    await assigned(api, second, ANNA_ID)
    plan = await planned(api, "end", outcome={"outcome": "done"}, filter={"ids": [first["id"]]})
    await goes_on(api, await goes_on(api, plan, "apply"), "undo")
    assert {task["operator_id"] for task in await open_tasks(api)} == {None, str(ANNA_ID)}


async def test_the_leads_are_live_again_and_have_their_status(desk: Desk, api: Api) -> None:
    await leads(desk, 1)
    done = await goes_on(api, await planned(api, "end", outcome=WRONG), "apply")
    await goes_on(api, done, "undo")
    row = await desk.ctx.db.pool.fetchrow("SELECT status, ended_at FROM process")
    assert row is not None
    assert (row["status"], row["ended_at"]) == ("new", None)


async def test_a_plan_does_nothing(desk: Desk, api: Api) -> None:
    await leads(desk, 2)
    before, sent = await open_tasks(api), await desk.ctx.db.pool.fetchval("SELECT count(*) FROM outbox")
    plan = await planned(api, "end", outcome=WRONG)
    assert (plan["state"], plan["members"], await open_tasks(api)) == ("planned", {"planned": 2}, before)
    assert await desk.ctx.db.pool.fetchval("SELECT count(*) FROM outbox") == sent


@pytest.mark.req("P.15")
async def test_what_cannot_be_taken_back_is_named_before(desk: Desk, api: Api) -> None:
    await leads(desk, 2)
    plan = await planned(api, "end", outcome=BUSY)
    assert plan["left"] == [{"kind": "message", "code": "no_answer", "count": 2}]


async def test_a_task_that_the_outcome_does_not_fit_stays_and_says_why(desk: Desk, api: Api) -> None:
    await leads(desk, 1)
    await desk.lead("school")
    plan = await planned(api, "end", outcome=WRONG)
    found = {(each["state"], each["note"]) for each in await members(api, plan)}
    assert found == {("planned", None), ("stays", "unknown_problem")}


async def test_what_changed_since_the_plan_is_left_alone(desk: Desk, api: Api) -> None:
    await leads(desk, 2)
    plan = await planned(api, "end", outcome=WRONG)
    first = (await open_tasks(api))[0]
    await api.call("POST", f"/tasks/{first['id']}/take")
    done = await goes_on(api, plan, "apply")
    assert [(each["state"], each["note"]) for each in await members(api, plan)] == [
        ("changed", "task_moved"),
        ("done", None),
    ]
    assert done["members"] == {"changed": 1, "done": 1}


async def test_who_has_gone_on_since_keeps_what_they_have(desk: Desk, api: Api) -> None:
    await leads(desk, 1)
    done = await goes_on(api, await planned(api, "end", outcome=BUSY), "apply")
    await desk.pass_time(timedelta(minutes=10))
    (successor,) = await open_tasks(api)
    await api.call("POST", f"/tasks/{successor['id']}/take")
    undone = await goes_on(api, done, "undo")
    assert (undone["members"], [task["id"] for task in await open_tasks(api)]) == ({"kept": 1}, [successor["id"]])


async def test_tasks_are_given_to_an_operator_and_go_back_to_the_one_before(desk: Desk, api: Api) -> None:
    await leads(desk, 2)
    for task in await open_tasks(api):
        await assigned(api, task, ANNA_ID)
    plan = await planned(api, "assign", operator_id=str(BORIS_ID))
    done = await goes_on(api, plan, "apply")
    assert {task["operator_id"] for task in await open_tasks(api)} == {str(BORIS_ID)}
    await goes_on(api, done, "undo")
    assert {task["operator_id"] for task in await open_tasks(api)} == {str(ANNA_ID)}


async def assigned(api: Api, task: Json, to: UUID) -> Response:
    body = {"operator_id": str(to), "comment": "вам"}
    path = f"/tasks/{task['id']}/assign"
    return await api.call("POST", path, sub="chief", role="supervisor", json=body, version=task["version"])


async def test_who_is_not_there_gets_nothing_back(desk: Desk, api: Api) -> None:
    await leads(desk, 1)
    await assigned(api, (await open_tasks(api))[0], ANNA_ID)
    done = await goes_on(api, await planned(api, "assign", operator_id=str(BORIS_ID)), "apply")
    await desk.receive(operator(ANNA_ID, "anna", active=False, version=2))
    await goes_on(api, done, "undo")
    assert [task["operator_id"] for task in await open_tasks(api)] == [None]


async def test_who_is_of_another_desk_now_gets_nothing_back(desk: Desk, api: Api) -> None:
    await leads(desk, 1)
    await assigned(api, (await open_tasks(api))[0], ANNA_ID)
    done = await goes_on(api, await planned(api, "assign", operator_id=str(BORIS_ID)), "apply")
    await desk.receive(operator(ANNA_ID, "anna", desks=("cars",), version=2))
    await goes_on(api, done, "undo")
    assert [task["operator_id"] for task in await open_tasks(api)] == [None]


async def test_tasks_are_released_to_their_lanes_and_taken_back(desk: Desk, api: Api) -> None:
    await leads(desk, 2)
    for task in await open_tasks(api):
        await assigned(api, task, ANNA_ID)
    done = await goes_on(api, await planned(api, "release"), "apply")
    assert {task["operator_id"] for task in await open_tasks(api)} == {None}
    await goes_on(api, done, "undo")
    assert {task["operator_id"] for task in await open_tasks(api)} == {str(ANNA_ID)}


async def test_many_are_done_by_and_by(desk: Desk, api: Api) -> None:
    await leads(desk, 101)
    begun = await goes_on(api, await planned(api, "end", outcome=WRONG), "apply")
    assert (begun["state"], begun["members"]) == ("applying", {"done": 100, "planned": 1})
    assert await continue_bulk_action(desk.ctx)
    assert (await open_tasks(api), len(await desk.sent(tasks.TaskFailed))) == ([], 101)


async def test_the_filter_is_that_of_the_list(desk: Desk, api: Api) -> None:
    first, _ = await leads(desk, 2)
    (task,) = [task for task in await open_tasks(api) if task["lead_id"] == str(first)]
    plan = await planned(api, "end", outcome=WRONG, filter={"ids": [task["id"]]})
    assert [each["task_id"] for each in await members(api, plan)] == [task["id"]]


async def test_every_fault_of_an_action_is_named(desk: Desk, api: Api) -> None:
    body = {"desk": "demo", "action": "end", "filter": {"nosuch": 1}, "comment": "…"}
    refused = await api.call("POST", "/bulk-actions", role="supervisor", json=body)
    assert refused.status_code == 422
    assert {fault["pointer"] for fault in refused.json()["errors"]} >= {"/filter/nosuch", "/comment"}


async def test_another_desk_s_bulk_actions_are_not_seen(desk: Desk, api: Api) -> None:
    plan = await planned(api, "release")
    seen = await api.call("GET", f"/bulk-actions/{plan['id']}", role="supervisor", desks=("cars",))
    assert seen.status_code == 404


async def test_what_was_applied_is_not_applied_again(desk: Desk, api: Api) -> None:
    done = await goes_on(api, await planned(api, "release"), "apply")
    refused = await goes_on(api, done, "apply")
    assert (refused["code"], refused["state"]) == ("bulk_action_state", "applied")


async def mended(api: Api, task: Json, outcome: Json) -> Response:
    body = {**outcome, "comment": "ошибка", "reason": "не та кнопка", "accept_left": True}
    path = f"/tasks/{task['id']}"
    version = (await api.call("GET", path, role="supervisor")).json()["version"]
    return await api.call("POST", f"{path}/mend", sub="chief", role="supervisor", json=body, version=version)


async def test_an_outcome_that_was_taken_back_is_not_mended_too(desk: Desk, api: Api) -> None:
    await leads(desk, 1)
    (task,) = await open_tasks(api)
    done = await goes_on(api, await planned(api, "end", outcome=WRONG), "apply")
    await goes_on(api, done, "undo")
    refused = await mended(api, task, {"outcome": "false", "problem": "duplicate"})
    assert (refused.status_code, refused.json()["final"], len(await open_tasks(api))) == (409, "too_late", 1)


async def test_an_outcome_that_was_mended_is_not_taken_back_too(desk: Desk, api: Api) -> None:
    await leads(desk, 1)
    (task,) = await open_tasks(api)
    done = await goes_on(api, await planned(api, "end", outcome=WRONG), "apply")
    assert (await mended(api, task, {"outcome": "refused", "problem": "expensive", "call_made": True})).is_success
    undone = await goes_on(api, done, "undo")
    assert (undone["members"], await open_tasks(api)) == ({"kept": 1}, [])


async def test_who_was_dismissed_since_the_plan_is_given_nothing(desk: Desk, api: Api) -> None:
    await leads(desk, 1)
    plan = await planned(api, "assign", operator_id=str(BORIS_ID))
    await desk.receive(operator(BORIS_ID, "boris", active=False, version=2))
    await goes_on(api, plan, "apply")
    assert [(each["state"], each["note"]) for each in await members(api, plan)] == [("changed", "operator_unfit")]


async def test_a_task_that_cannot_be_done_keeps_no_other_from_being_done(desk: Desk, api: Api) -> None:
    bad, _ = await leads(desk, 2)
    plan = await planned(api, "end", outcome=WRONG)
    await desk.ctx.db.pool.execute("UPDATE process SET facts = facts - 'language' WHERE lead_id = $1", bad)
    begun = await goes_on(api, plan, "apply")
    while await continue_bulk_action(desk.ctx):
        pass
    assert begun["state"] in ("applying", "applied")
    assert {(each["state"], each["note"]) for each in await members(api, plan)} == {
        ("changed", "failed"),
        ("done", None),
    }


async def test_a_task_that_cannot_be_judged_stays_and_is_named(desk: Desk, api: Api) -> None:
    bad, _ = await leads(desk, 2)
    await desk.ctx.db.pool.execute("UPDATE process SET facts = facts - 'language' WHERE lead_id = $1", bad)
    plan = await planned(api, "end", outcome=WRONG)
    found = {(each["state"], each["note"]) for each in await members(api, plan)}
    assert found == {("stays", "failed"), ("planned", None)}
