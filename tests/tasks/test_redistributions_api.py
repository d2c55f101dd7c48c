"""Leads are redistributed over HTTP: planned, applied, undone, each with its receipt (S2.2, P.15)."""

from datetime import timedelta
from uuid import uuid4

import pytest

from libs.common.contracts import tasks
from tests.tasks.client import Api, Json
from tests.tasks.desk import ANNA_ID, BORIS_ID, Desk, operator, proposal
from tests.tasks.redistributing import (
    CLARA_ID,
    OUT,
    TO_BORIS,
    active,
    answered,
    applied,
    members,
    no_room,
    owned,
    planned,
    states,
    step,
)


@pytest.mark.req("S2.2")
async def test_a_plan_shows_what_would_move_and_what_not_and_moves_nothing(desk: Desk, api: Api) -> None:
    lead_id, other = await owned(desk, api), await owned(desk, api, taken=True)
    what = await planned(api, TO_BORIS)
    shown = {member["lead_id"]: (member["task_stays"], member["note"]) for member in await members(api, what)}
    assert (what["state"], what["members"]) == ("planned", {"planned": 2})
    assert shown == {str(lead_id): (False, None), str(other): (True, "task_taken")}
    assert (await api.task(lead_id))["operator_id"] == str(ANNA_ID)


@pytest.mark.req("S2.2")
async def test_the_leads_of_an_operator_go_to_another_with_their_tasks(desk: Desk, api: Api) -> None:
    lead_id = await owned(desk, api)
    what = await applied(api, TO_BORIS)
    await answered(desk)
    owner = (await desk.sent(tasks.LeadOwnerChanged))[-1]
    assert (what["state"], await states(api, what)) == ("applied", [("moved", None)])
    assert (owner.to_operator_id, owner.reason, owner.actor) == (BORIS_ID, "redistributed", "chief")
    assert (await api.task(lead_id))["operator_id"] == str(BORIS_ID)


async def test_pushed_work_asks_assignment_for_the_named_operator_alone(desk: Desk, api: Api) -> None:
    await owned(desk, api)
    what = await applied(api, TO_BORIS)
    asked = (await desk.sent(tasks.WorkRequested))[-1]
    assert (asked.among_operator_ids, await states(api, what)) == ((BORIS_ID,), [("asked", None)])


@pytest.mark.req("S2.2")
async def test_without_room_the_owner_moves_and_the_task_is_open_to_all(desk: Desk, api: Api) -> None:
    lead_id = await owned(desk, api)
    what = await applied(api, TO_BORIS)
    await no_room(desk)
    asked = (await desk.sent(tasks.WorkRequested))[-1]
    lead = (await api.call("GET", f"/leads/{lead_id}", role="supervisor")).json()
    assert (await states(api, what), asked.among_operator_ids) == ([("no_room", None)], ())
    assert (lead["owner_id"], lead["tasks"][0]["operator_id"]) == (str(BORIS_ID), None)


@pytest.mark.req("S2.2")
async def test_leads_go_to_several_in_turn(desk: Desk, api: Api) -> None:
    await desk.receive(operator(CLARA_ID, "clara"))
    for _ in range(4):
        await owned(desk, api)
    what = await planned(api, {"to_operator_ids": [str(BORIS_ID), str(CLARA_ID)]})
    names = [member["to_operator"]["name"] for member in await members(api, what)]
    assert names == ["Boris", "Clara", "Boris", "Clara"]


@pytest.mark.req("S2.2")
async def test_leads_go_to_the_pools_without_an_owner(desk: Desk, api: Api) -> None:
    lead_id = await owned(desk, api)
    await applied(api)
    lead = (await api.call("GET", f"/leads/{lead_id}", role="supervisor")).json()
    released = (await desk.sent(tasks.TaskReleased))[-1]
    assert (lead["owner_id"], lead["tasks"][0]["operator_id"], released.reason) == (None, None, "redistributed")
    assert (await desk.sent(tasks.WorkRequested))[-1].among_operator_ids == ()


async def test_a_taken_task_stays_until_it_is_answered_and_its_owner_moves(desk: Desk, api: Api) -> None:
    lead_id = await owned(desk, api, taken=True)
    what = await applied(api, TO_BORIS)
    lead = (await api.call("GET", f"/leads/{lead_id}", role="supervisor")).json()
    assert (lead["owner_id"], lead["tasks"][0]["operator_id"]) == (str(BORIS_ID), str(ANNA_ID))
    assert await states(api, what) == [("moved", "task_taken")]


async def test_a_lead_whose_call_is_for_later_moves_and_its_call_is_offered_to_the_new_owner(
    desk: Desk, api: Api
) -> None:
    lead_id = await owned(desk, api, taken=True)
    task = await api.task(lead_id)
    later = (desk.clock.now() + timedelta(hours=3)).isoformat()
    await api.outcome(task, "callback", callback_at=later, call_made=True)
    await applied(api, TO_BORIS)
    await desk.pass_time(timedelta(hours=3))
    assert (await desk.sent(tasks.WorkRequested))[-1].prefer_operator_id == BORIS_ID


async def test_a_request_that_waits_for_the_former_owner_is_made_anew_for_the_new_one(desk: Desk, api: Api) -> None:
    lead_id = await owned(desk, api)
    await desk.receive(OUT)
    await applied(api, TO_BORIS)
    asked = (await desk.sent(tasks.WorkRequested))[-1]
    assert (asked.lead_id, asked.prefer_operator_id) == (lead_id, BORIS_ID)


@pytest.mark.parametrize(
    ("chosen", "count"),
    [({"playbook": "callback"}, 1), ({"task_type": "process_order"}, 1), ({"pool": "sales"}, 1),
     ({"due_before": "2026-03-02T09:10:00Z"}, 1), ({"status": "nothing"}, 0), ({}, 2)],
)  # fmt: skip
async def test_a_filter_chooses_leads(desk: Desk, api: Api, chosen: dict[str, str], count: int) -> None:
    await owned(desk, api)
    school = await desk.lead("school")
    task = await api.task(school)
    await desk.receive(proposal(task["id"], school))
    what = await planned(api, {"filter": chosen})
    assert len(await members(api, what)) == count


async def test_leads_can_be_named_one_by_one(desk: Desk, api: Api) -> None:
    one, _ = await owned(desk, api), await owned(desk, api)
    what = await planned(api, {"filter": {"lead_ids": [str(one)]}})
    assert [member["lead_id"] for member in await members(api, what)] == [str(one)]


async def test_what_is_not_as_planned_any_more_stays(desk: Desk, api: Api) -> None:
    lead_id = await owned(desk, api)
    what = await planned(api, TO_BORIS)
    await api.call("POST", f"/tasks/{(await api.task(lead_id))['id']}/take")
    await step(api, what, "apply")
    assert await states(api, what) == [("changed", "task_taken")]
    assert (await api.task(lead_id))["operator_id"] == str(ANNA_ID)


async def test_a_target_who_was_deactivated_since_gets_nothing(desk: Desk, api: Api) -> None:
    await owned(desk, api)
    what = await planned(api, TO_BORIS)
    await desk.receive(operator(BORIS_ID, "boris", active=False, version=2))
    await step(api, what, "apply")
    assert await states(api, what) == [("changed", "operator_unfit")]


@pytest.mark.req("P.15")
@pytest.mark.parametrize("here", [True, False])
async def test_an_undo_says_before_what_it_does_and_then_does_it(desk: Desk, api: Api, here: bool) -> None:
    lead_id = await owned(desk, api)
    what = await applied(api, TO_BORIS)
    await answered(desk)
    if not here:
        await desk.receive(OUT)
    (preview,) = await members(api, what, "undo")
    undone = await step(api, what, "undo")
    lead = (await api.call("GET", f"/leads/{lead_id}", role="supervisor")).json()
    assert (preview["undoable"], preview["task_to"] is not None) == (True, here)
    assert (undone["state"], lead["owner_id"]) == ("undone", str(ANNA_ID))
    assert lead["tasks"][0]["operator_id"] == (str(ANNA_ID) if here else None)
    assert await states(api, what) == [("returned", None)]


@pytest.mark.req("P.15")
async def test_what_was_touched_since_is_named_before_and_stays(desk: Desk, api: Api) -> None:
    lead_id = await owned(desk, api)
    what = await applied(api, TO_BORIS)
    await answered(desk)
    await api.call("POST", f"/tasks/{(await api.task(lead_id))['id']}/take", sub="boris")
    (preview,) = await members(api, what, "undo")
    await step(api, what, "undo")
    assert (preview["undoable"], preview["undo_note"]) == (False, "task_taken")
    assert await states(api, what) == [("kept", "task_taken")]


async def test_an_undo_takes_back_what_still_asks_or_found_no_room(desk: Desk, api: Api) -> None:
    for _ in range(2):
        await owned(desk, api)
    what = await applied(api, TO_BORIS)
    await no_room(desk)
    await step(api, what, "undo")
    assert await states(api, what) == [("returned", None)] * 2
    assert {task["operator_id"] for task in await active(api)} == {str(ANNA_ID)}


async def test_an_undo_gives_a_taken_task_s_lead_its_owner_back(desk: Desk, api: Api) -> None:
    lead_id = await owned(desk, api, taken=True)
    await step(api, await applied(api, TO_BORIS), "undo")
    lead = (await api.call("GET", f"/leads/{lead_id}", role="supervisor")).json()
    assert (lead["owner_id"], lead["tasks"][0]["operator_id"]) == (str(ANNA_ID), str(ANNA_ID))


async def test_a_task_that_a_third_has_taken_meanwhile_answers_its_member(desk: Desk, api: Api) -> None:
    lead_id = await owned(desk, api)
    what = await applied(api, TO_BORIS)
    await desk.receive(operator(CLARA_ID, "clara"))
    await api.call("POST", f"/tasks/{(await api.task(lead_id))['id']}/take", sub="clara")
    assert await states(api, what) == [("changed", "task_taken")]


@pytest.mark.req("P.3")
async def test_the_timeline_says_who_redistributed_and_why(desk: Desk, api: Api) -> None:
    lead_id = await owned(desk, api)
    await applied(api, TO_BORIS)
    params = {"lead_id": str(lead_id)}
    steps = (await api.call("GET", "/timeline", role="supervisor", params=params)).json()["items"]
    found = {step["kind"]: (step["actor"], step["facts"].get("comment")) for step in steps}
    assert found[tasks.TaskReleased.event_type] == ("chief", "заболела")
    assert found[tasks.LeadOwnerChanged.event_type] == ("chief", "заболела")


@pytest.mark.parametrize("how", ["apply", "undo"])
async def test_nothing_is_applied_or_undone_twice(desk: Desk, api: Api, how: str) -> None:
    await owned(desk, api)
    what = await applied(api)
    if how == "undo":
        what = await step(api, what, "undo")
    path = f"/redistributions/{what['id']}/{how}"
    refused = await api.call("POST", path, role="supervisor", version=what["version"])
    assert (refused.status_code, refused.json()["code"], refused.json()["state"]) == (
        409,
        "redistribution_state",
        what["state"],
    )


@pytest.mark.parametrize("how", ["apply", "undo"])
async def test_a_stale_version_moves_nothing(desk: Desk, api: Api, how: str) -> None:
    what = await planned(api)
    refused = await api.call("POST", f"/redistributions/{what['id']}/{how}", role="supervisor", version=7)
    assert (refused.status_code, refused.json()["current"]["version"]) == (412, what["version"])


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"to_operator_ids": [str(uuid4())]}, 422, "validation_failed"),
        ({"to_operator_ids": [str(ANNA_ID)]}, 422, "validation_failed"),
        ({"from_operator_id": str(uuid4())}, 422, "validation_failed"),
        ({"comment": " "}, 422, "validation_failed"),
        ({"desk": "other"}, 404, "not_found"),
    ],
)
async def test_a_plan_that_cannot_be_made_says_why(
    desk: Desk, api: Api, more: Json, status: int, code: str
) -> None:
    assert (await planned(api, more, status))["code"] == code


async def test_a_target_of_another_desk_is_refused(desk: Desk, api: Api) -> None:
    await desk.receive(operator(BORIS_ID, "boris", desks=("cars",)))
    refused = await planned(api, TO_BORIS, 409)
    assert (refused["code"], refused["reasons"]) == ("operator_unfit", ["other_desk"])


@pytest.mark.req("P.6")
async def test_operators_and_foreign_supervisors_see_and_move_nothing(desk: Desk, api: Api) -> None:
    what = await planned(api)
    paths = [f"/redistributions/{what['id']}{part}" for part in ("", "/members", "/undo")]
    foreign = [(await api.call("GET", path, role="supervisor", desks=("b",))).status_code for path in paths]
    own = (await api.call("GET", paths[0])).status_code
    acts = await api.call("POST", f"{paths[0]}/apply", role="supervisor", desks=("b",), version=1)
    assert (foreign, own, acts.status_code) == ([404, 404, 404], 403, 404)


async def test_redistributions_are_listed_the_latest_first(desk: Desk, api: Api) -> None:
    made = [(await planned(api))["id"] for _ in range(2)]
    listed = (await api.call("GET", "/redistributions", role="supervisor", params={"desk": "demo"})).json()
    assert [item["id"] for item in listed["items"]] == made[::-1]
