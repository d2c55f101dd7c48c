"""Leads as they are worked, and given to named operators over HTTP (S3.5, P.6)."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from libs.common.contracts import tasks
from tests.tasks.client import Api, Json
from tests.tasks.desk import ANNA_ID, BORIS_ID, Desk, operator, proposal


async def get(api: Api, lead_id: UUID, sub: str = "chief", role: str = "supervisor") -> Json:
    found: Json = (await api.call("GET", f"/leads/{lead_id}", sub=sub, role=role)).json()
    return found


async def give(
    api: Api, lead_id: UUID, version: int, to: UUID = BORIS_ID, role: str = "supervisor"
) -> tuple[int, Json]:
    body = {"operator_id": str(to), "comment": "ведёт этого клиента"}
    answer = await api.call("POST", f"/leads/{lead_id}/assign", sub="chief", role=role, json=body, version=version)
    return answer.status_code, answer.json()


async def owned(desk: Desk, api: Api) -> UUID:
    """A lead whose call Anna has."""
    lead_id = await desk.lead("callback")
    await desk.receive(proposal((await api.task(lead_id))["id"], lead_id))
    return lead_id


async def test_a_lead_shows_its_owner_and_its_open_tasks(desk: Desk, api: Api) -> None:
    lead_id = await owned(desk, api)
    lead = await get(api, lead_id)
    assert (lead["owner_id"], lead["owner_name"], lead["version"]) == (str(ANNA_ID), "Anna", 1)
    assert [task["operator_id"] for task in lead["tasks"]] == [str(ANNA_ID)]


@pytest.mark.req("S3.5")
async def test_a_lead_goes_to_a_named_operator_with_what_nobody_has_taken(desk: Desk, api: Api) -> None:
    lead_id = await owned(desk, api)
    status, lead = await give(api, lead_id, 1)
    assert (status, lead["owner_id"], lead["version"]) == (200, str(BORIS_ID), 2)
    assert [task["operator_id"] for task in lead["tasks"]] == [str(BORIS_ID)]


async def test_a_task_in_work_stays_until_it_is_answered(desk: Desk, api: Api) -> None:
    lead_id = await owned(desk, api)
    await api.call("POST", f"/tasks/{(await api.task(lead_id))['id']}/take")
    version = (await get(api, lead_id))["version"]
    _, lead = await give(api, lead_id, version)
    assert (lead["owner_id"], lead["tasks"][0]["operator_id"]) == (str(BORIS_ID), str(ANNA_ID))


async def test_the_owner_is_told_of_with_who_did_it(desk: Desk, api: Api) -> None:
    await give(api, await owned(desk, api), 1)
    told = (await desk.sent(tasks.LeadOwnerChanged))[-1]
    assert (told.from_operator_id, told.to_operator_id, told.reason, told.actor) == (
        ANNA_ID,
        BORIS_ID,
        "assigned",
        "chief",
    )


async def test_a_lead_that_is_not_offered_yet_can_be_given(desk: Desk, api: Api) -> None:
    lead_id = await desk.lead("school")
    await give(api, lead_id, 0)
    await desk.pass_time(timedelta(minutes=30))
    assert (await api.task(lead_id))["operator_id"] == str(BORIS_ID)
    assert await desk.sent(tasks.WorkRequested) == []


async def test_a_stale_version_gives_nothing(desk: Desk, api: Api) -> None:
    status, problem = await give(api, await owned(desk, api), 0)
    assert (status, problem["current"]["version"]) == (412, 1)


async def test_an_ended_lead_has_no_owner_to_change(desk: Desk, api: Api) -> None:
    lead_id = await owned(desk, api)
    task = await api.task(lead_id)
    await api.outcome(task, "reached", call_made=True)
    status, problem = await give(api, lead_id, (await get(api, lead_id))["version"])
    assert (status, problem["code"]) == (409, "lead_ended")


@pytest.mark.parametrize(("changes", "reason"), [({"active": False}, "inactive"), ({"desks": ()}, "other_desk")])
async def test_who_may_not_have_it_is_refused(
    desk: Desk, api: Api, changes: dict[str, object], reason: str
) -> None:
    await desk.receive(operator(BORIS_ID, "boris", **changes))
    status, problem = await give(api, await owned(desk, api), 1)
    assert (status, problem["code"], problem["reasons"]) == (409, "operator_unfit", [reason])


async def test_tasks_of_a_role_that_the_owner_has_not_stay_where_they_are(desk: Desk, api: Api) -> None:
    await desk.receive(operator(BORIS_ID, "boris", roles=("adviser",)))
    _, lead = await give(api, await owned(desk, api), 1)
    assert (lead["owner_id"], lead["tasks"][0]["operator_id"]) == (str(BORIS_ID), str(ANNA_ID))


async def test_an_unknown_operator_is_named_as_such(desk: Desk, api: Api) -> None:
    status, problem = await give(api, await owned(desk, api), 1, uuid4())
    assert (status, problem["errors"][0]["code"]) == (422, "unknown_operator")


@pytest.mark.req("P.6")
async def test_operators_see_their_own_leads_and_those_nobody_owns(desk: Desk, api: Api) -> None:
    mine, free = await owned(desk, api), await desk.lead("callback")
    codes = {
        sub: [(await api.call("GET", f"/leads/{lead_id}", sub=sub)).status_code for lead_id in (mine, free)]
        for sub in ("anna", "boris")
    }
    assert codes == {"anna": [200, 200], "boris": [404, 200]}


@pytest.mark.req("P.6")
async def test_an_operator_and_a_foreign_supervisor_give_no_lead(desk: Desk, api: Api) -> None:
    lead_id = await owned(desk, api)
    status, _ = await give(api, lead_id, 1, role="operator")
    body = {"operator_id": str(BORIS_ID), "comment": "нет"}
    path = f"/leads/{lead_id}/assign"
    foreign = await api.call("POST", path, role="supervisor", desks=("other",), json=body, version=1)
    assert (status, foreign.status_code) == (403, 404)
