"""Tasks that people make by hand: for a colleague or a pool, about a lead or nothing (S3.14, S2.11)."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from httpx import Response

from libs.common.contracts import tasks
from libs.common.contracts.shared import Presence
from services.tasks.playbooks.builtin import builtin_version
from tests.tasks.client import Api, Json
from tests.tasks.desk import ANNA_ID, BORIS_ID, Desk, operator, proposal
from tests.tasks.races import both
from tests.tasks.support import START

TITLE = "Вернуть ключ от кабинета"
DUE = START + timedelta(hours=3)
BORIS = {"operator_id": str(BORIS_ID)}
SALES = {"pool": "sales"}


async def make(api: Api, by: str = "anna operator", /, **given: object) -> Response:
    """Ask for a task; `by` is the caller and their role."""
    sub, role = by.split()
    body = {"desk": "demo", "title": TITLE, "due_at": DUE.isoformat(), "assignee": BORIS, **given}
    return await api.call("POST", "/tasks", sub=sub, role=role, json=body)


async def made(api: Api, **given: object) -> Json:
    answer = await make(api, **given)
    assert answer.status_code == 201, answer.text
    found: Json = answer.json()
    return found


async def faults(api: Api, **given: object) -> dict[str, str]:
    refused = await make(api, **given)
    assert refused.status_code == 422, refused.text
    return {fault["pointer"]: fault["code"] for fault in refused.json()["errors"]}


async def listed(api: Api, sub: str) -> list[str]:
    found = await api.call("GET", "/tasks", sub=sub, params={"state": "active"})
    return [task["title"] for task in found.json()["items"]]


async def ends(desk: Desk) -> list[tuple[str, bool]]:
    """Return each process with whether it has ended, oldest first."""
    rows = await desk.ctx.db.pool.fetch("SELECT playbook, ended_at FROM process ORDER BY id")
    return [(row["playbook"], row["ended_at"] is not None) for row in rows]


@pytest.mark.req("S3.14")
async def test_a_task_for_a_colleague_is_theirs_at_once(desk: Desk, api: Api) -> None:
    task = await made(api, text="Он у охраны", important=True, links={"document": "акт 17"})
    assert (task["operator_id"], task["state"], task["important"]) == (str(BORIS_ID), "active", True)
    assert (task["title"], task["text"], task["document"]) == (TITLE, "Он у охраны", "акт 17")
    assert (task["author"], task["due_at"]) == (str(ANNA_ID), DUE.isoformat().replace("+00:00", "Z"))
    assert await listed(api, "boris") == [TITLE]


@pytest.mark.req("S3.14")
async def test_its_assignment_is_published_for_the_feed_and_names_no_lead(desk: Desk, api: Api) -> None:
    await made(api)
    (assigned,) = await desk.sent(tasks.TaskAssigned)
    (key,) = await desk.ctx.db.pool.fetch("SELECT DISTINCT key FROM outbox WHERE type LIKE 'dozvon.task%'")
    assert (assigned.operator_id, assigned.lead_id, assigned.title.en) == (
        BORIS_ID,
        None,
        TITLE,
    )
    assert key["key"] == f"staff:{BORIS_ID}"
    assert await desk.sent(tasks.WorkRequested) == []


@pytest.mark.req("S3.14")
async def test_who_is_on_a_task_alone_sees_it(desk: Desk, api: Api) -> None:
    task = await made(api)
    seen = [(await api.call("GET", f"/tasks/{task['id']}", sub=sub)).status_code for sub in ("boris", "anna")]
    assert seen == [200, 404]


@pytest.mark.req("S3.14")
async def test_it_stands_in_the_timeline_of_its_person(desk: Desk, api: Api) -> None:
    await made(api)
    params = {"subject": f"staff:{BORIS_ID}"}
    shown = await api.call("GET", "/timeline", sub="boris", params=params)
    hidden = await api.call("GET", "/timeline", sub="anna", params=params)
    kinds = [step["kind"].removeprefix("dozvon.") for step in shown.json()["items"]]
    assert ({"task.opened.v1", "task.assigned.v1"} <= set(kinds), hidden.status_code) == (True, 404)


@pytest.mark.req("S3.14")
@pytest.mark.parametrize("by", ["lead_id", "order_number"])
async def test_a_task_about_a_lead_stands_in_the_lead_s_timeline_under_its_key(
    desk: Desk, api: Api, by: str
) -> None:
    lead_id = await desk.lead("callback")
    task = await made(api, links={by: str(lead_id) if by == "lead_id" else "1042"})
    shown = await api.call("GET", "/timeline", role="admin", params={"lead_id": str(lead_id)})
    told = [step["task_id"] for step in shown.json()["items"] if step["kind"] == "dozvon.task.assigned.v1"]
    assert (task["lead_id"], task["order_number"], told) == (str(lead_id), "1042", [task["id"]])
    assert [data.lead_id for data in await desk.sent(tasks.TaskAssigned)] == [lead_id]


@pytest.mark.req("S3.14")
@pytest.mark.parametrize(("outcome", "state"), [("done", "completed"), ("not_done", "failed")])
async def test_its_outcome_ends_it_and_its_process(desk: Desk, api: Api, outcome: str, state: str) -> None:
    task = await made(api)
    ended = await api.outcome(task, outcome, sub="boris")
    assert (ended.json()["state"], await ends(desk)) == (state, [("free", True)])


@pytest.mark.req("S3.14", "S2.8")
async def test_deferred_it_stays_with_its_person_and_says_the_same(desk: Desk, api: Api) -> None:
    task = await made(api, text="Он у охраны")
    at = (START + timedelta(days=1)).isoformat()
    ended = (await api.outcome(task, "deferred", sub="boris", callback_at=at)).json()
    successor = (await api.call("GET", f"/tasks/{ended['successor_id']}", sub="boris")).json()
    assert (ended["state"], successor["state"], successor["operator_id"]) == ("deferred", "active", str(BORIS_ID))
    assert (successor["title"], successor["text"], successor["due_at"][:10]) == (
        task["title"],
        task["text"],
        at[:10],
    )
    assert await ends(desk) == [("free", False)]


@pytest.mark.req("S3.14")
async def test_it_becomes_overdue_as_any_task(desk: Desk, api: Api) -> None:
    task = await made(api)
    await desk.pass_time(timedelta(hours=4))
    (late,) = await desk.sent(tasks.TaskOverdue)
    assert (str(late.task_id), late.operator_id) == (task["id"], BORIS_ID)


@pytest.mark.req("S3.14")
async def test_a_task_for_a_pool_is_offered_and_is_given_to_who_is_proposed(desk: Desk, api: Api) -> None:
    task = await made(api, assignee=SALES)
    (asked,) = await desk.sent(tasks.WorkRequested)
    answer = proposal(UUID(task["id"]), uuid4(), asked.task_version).model_copy(update={"lead_id": None})
    await desk.receive(answer)
    assert (asked.pool, asked.role, asked.lead_id, asked.products) == ("sales", "operator", None, ())
    assert await listed(api, "anna") == [TITLE]
    assert await desk.sent(tasks.LeadOwnerChanged) == []


@pytest.mark.req("S3.14")
async def test_a_task_for_a_pool_is_taken_from_its_queue(desk: Desk, api: Api) -> None:
    await made(api, assignee=SALES, links={"lead_id": str(await desk.lead("school"))})
    given = (await api.call("POST", "/next", sub="anna", language="en")).json()
    assert (given["task"]["title"], given["task"]["operator_id"]) == (TITLE, str(ANNA_ID))
    assert given["why"]["lane"] == "free"
    assert await desk.sent(tasks.LeadOwnerChanged) == []


@pytest.mark.req("S3.14")
async def test_a_task_for_a_pool_that_is_deferred_goes_back_to_the_pool(desk: Desk, api: Api) -> None:
    task = await made(api, assignee=SALES)
    taken = (await api.call("POST", f"/tasks/{task['id']}/take")).json()
    at = (START + timedelta(days=1)).isoformat()
    ended = (await api.outcome(taken, "deferred", callback_at=at)).json()
    successor = (await api.call("GET", f"/tasks/{ended['successor_id']}")).json()
    assert (successor["operator_id"], successor["pool"], successor["title"]) == (None, "sales", task["title"])


@pytest.mark.req("S3.14")
async def test_who_leaves_keeps_the_tasks_made_for_them_until_they_are_gone_for_good(desk: Desk, api: Api) -> None:
    task = await made(api)
    seen: list[Json] = []
    for change in ({"presence": Presence.CHECKED_OUT}, {"presence": Presence.CHECKED_OUT, "active": False}):
        await desk.receive(operator(BORIS_ID, "boris", version=len(seen) + 2, **change))
        seen.append((await api.call("GET", f"/tasks/{task['id']}", role="admin")).json())
    assert [found["operator_id"] for found in seen] == [str(BORIS_ID), None]
    (asked,) = await desk.sent(tasks.WorkRequested)
    assert (str(asked.task_id), asked.pool) == (task["id"], seen[1]["pool"])


@pytest.mark.req("S2.6", "S3.14")
async def test_a_lead_with_a_free_task_still_has_a_next_step_of_its_own(desk: Desk, api: Api) -> None:
    lead_id = await desk.lead("callback")
    task = await made(api, links={"lead_id": str(lead_id)})
    await api.outcome(task, "done", sub="boris")
    own = await api.task(lead_id)
    await api.call("POST", f"/tasks/{own['id']}/take")
    assert (own["type"], await ends(desk)) == ("call_back", [("callback", False), ("free", True)])


@pytest.mark.req("S3.14")
async def test_a_lead_and_a_person_have_any_number_of_free_tasks(desk: Desk, api: Api) -> None:
    links = {"lead_id": str(await desk.lead("callback"))}
    for given in (links, links, {}, {}):
        await made(api, links=given)
    assert await ends(desk) == [("callback", False), *[("free", False)] * 4]


@pytest.mark.req("S2.11")
@pytest.mark.parametrize("title", ["", "  ", "…!", "\n"])
async def test_an_empty_title_is_refused(api: Api, title: str) -> None:
    assert await faults(api, title=title) == {"/title": "title_required"}


@pytest.mark.req("S2.11")
@pytest.mark.parametrize(
    "title", ["Свободная задача", "free task!", "ПЕРЕЗВОНИТЬ КЛИЕНТУ", "process_order", "Звонок", "To-do"]
)
async def test_a_title_that_names_a_type_alone_is_refused(api: Api, title: str) -> None:
    assert await faults(api, title=title) == {"/title": "title_names_type"}


@pytest.mark.req("S2.11")
async def test_a_title_that_names_the_aim_is_taken(api: Api) -> None:
    assert (await made(api, title="Звонок поставщику о сроке"))["title"] == "Звонок поставщику о сроке"


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"due_at": (START - timedelta(minutes=1)).isoformat()}, {"/due_at": "due_in_past"}),
        ({"due_at": (START + timedelta(days=400)).isoformat()}, {"/due_at": "due_too_far"}),
        ({"assignee": {"operator_id": str(uuid4())}}, {"/assignee/operator_id": "unknown_operator"}),
        ({"assignee": {"pool": "typo"}}, {"/assignee/pool": "unknown_pool"}),
        ({"assignee": {"pool": "sales", "role": "typo"}}, {"/assignee/role": "unknown_role"}),
        ({"assignee": {}}, {"/assignee": "one_assignee"}),
        ({"assignee": {**BORIS, **SALES}}, {"/assignee": "one_assignee"}),
        ({"links": {"lead_id": str(uuid4())}}, {"/links/lead_id": "unknown_lead"}),
        ({"links": {"order_number": "77"}}, {"/links/order_number": "unknown_order"}),
        ({"links": {"order_number": "77", "lead_id": str(uuid4())}}, {"/links": "one_lead"}),
        ({"title": " ", "assignee": {"pool": "x"}}, {"/title": "title_required", "/assignee/pool": "unknown_pool"}),
    ],
)
async def test_what_cannot_be_done_is_named_with_every_fault(
    api: Api, given: dict[str, object], named: dict[str, str]
) -> None:
    assert await faults(api, **given) == named


async def test_a_colleague_of_another_desk_is_refused(desk: Desk, api: Api) -> None:
    clara = uuid4()
    await desk.receive(operator(clara, "clara", desks=("other",)))
    assert await faults(api, assignee={"operator_id": str(clara)}) == {"/assignee/operator_id": "other_desk"}


async def test_an_inactive_colleague_gets_no_task(desk: Desk, api: Api) -> None:
    await desk.receive(operator(BORIS_ID, "boris", active=False))
    refused = await make(api)
    assert (refused.status_code, refused.json()["code"]) == (409, "operator_inactive")


@pytest.mark.req("S3.14")
async def test_whoever_has_no_pool_can_be_given_a_task_and_begins_it(desk: Desk, api: Api) -> None:
    clara = uuid4()
    await desk.receive(operator(clara, "clara", roles=(), pools=()))
    task = await made(api, assignee={"operator_id": str(clara)})
    assert (await api.call("POST", f"/tasks/{task['id']}/take", sub="clara")).json()["taken_at"] is not None


@pytest.mark.req("P.6")
@pytest.mark.parametrize(
    ("by", "status"),
    [("anna operator", 201), ("chief supervisor", 201), ("crm service", 201), ("stranger operator", 403)],
)
async def test_operators_supervisors_and_services_make_them(api: Api, by: str, status: int) -> None:
    assert (await make(api, by)).status_code == status


@pytest.mark.req("P.6")
async def test_nobody_makes_a_task_at_a_desk_that_is_not_theirs(desk: Desk, api: Api) -> None:
    await desk.receive(operator(ANNA_ID, "anna", desks=("demo", "far")))
    answers = [await make(api, desk=code) for code in ("far", "nowhere")]
    assert [answer.status_code for answer in answers] == [404, 404]


@pytest.mark.req("P.6")
async def test_an_operator_links_no_lead_of_a_colleague(desk: Desk, api: Api) -> None:
    lead_id = await desk.lead("callback")
    await api.call("POST", f"/tasks/{(await api.task(lead_id))['id']}/take", sub="boris")
    links = {"lead_id": str(lead_id)}
    assert await faults(api, links=links) == {"/links/lead_id": "unknown_lead"}
    assert (await make(api, "chief supervisor", links=links)).status_code == 201


@pytest.mark.req("P.2")
async def test_made_again_under_its_key_it_is_one_task(desk: Desk, api: Api) -> None:
    body = {"desk": "demo", "title": "Заказать воду", "due_at": DUE.isoformat(), "assignee": BORIS}
    first, again = [await api.call("POST", "/tasks", json=body, key="k") for _ in range(2)]
    assert (first.json(), len(await desk.tasks())) == (again.json(), 1)


async def test_two_outcomes_at_once_end_it_once(desk: Desk, api: Api) -> None:
    task = await made(api)
    calls = [api.outcome(task, outcome, sub="boris") for outcome in ("done", "not_done")]
    answers = await both(desk, *calls)
    assert sorted(answer.status_code for answer in answers if isinstance(answer, Response)) == [200, 412]
    assert len(await desk.sent(tasks.TaskCompleted)) + len(await desk.sent(tasks.TaskFailed)) == 1


async def test_two_who_make_the_first_at_once_store_the_built_in_playbook_once(desk: Desk, api: Api) -> None:
    answers = await asyncio.gather(*(make(api) for _ in range(4)))
    assert [answer.status_code for answer in answers] == [201] * 4
    assert await desk.ctx.db.pool.fetchval("SELECT count(*) FROM playbook WHERE code = 'free'") == 1


async def test_a_release_with_another_text_stores_its_own_version(desk: Desk, api: Api) -> None:
    task = await made(api)
    await desk.ctx.db.pool.execute("UPDATE playbook SET source = source || '# before' WHERE code = 'free'")
    async with desk.ctx.db.begin() as tx:
        assert await builtin_version(desk.ctx, tx, "free") == 2
    assert (await api.call("GET", f"/tasks/{task['id']}", sub="boris")).status_code == 200


async def test_the_code_of_the_built_in_playbook_is_reserved(api: Api) -> None:
    refused = await api.call("POST", "/playbooks", role="admin", content="playbook: free\n")
    assert refused.status_code == 422
