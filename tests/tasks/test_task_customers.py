"""Tasks name their customer to who may see them, and are found by ids and by any number of an order (U13, U19)."""

from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from libs.common.contracts.intake import LeadUpdated, Order
from libs.common.contracts.shared import Customer, Language, OrderStatus, Signal
from libs.common.contracts.tasks import TaskAssigned
from libs.common.platform.ids import uuid7
from tests.tasks.client import Api, Json
from tests.tasks.desk import ANNA_ID, BORIS_ID, Desk, lead_v2, proposal

PHONE = "+79990000001"
IVAN = {"name": "Иван", "phone": PHONE, "phone_raw": None, "zone": "Europe/Moscow", "do_not_call": False}


async def customers(api: Api, sub: str, role: str = "operator") -> list[Json | None]:
    """Return the customers of the open tasks that a caller is shown."""
    found = await api.call("GET", "/tasks", sub=sub, role=role, params={"state": "active"})
    return [task["customer"] for task in found.json()["items"]]


@pytest.mark.req("U13", "S3.1")
async def test_a_task_names_its_customer_with_the_time_where_they_are(desk: Desk, api: Api) -> None:
    task = await api.task(await desk.lead("callback"))
    one = (await api.call("GET", f"/tasks/{task['id']}")).json()["customer"]
    local = desk.clock.now().astimezone(ZoneInfo("Europe/Moscow"))
    assert (one, task["customer"]) == ({**IVAN, "local_time": local.isoformat()},) * 2


@pytest.mark.req("P.14")
async def test_a_task_says_that_its_customer_is_not_to_be_called_any_more(desk: Desk, api: Api) -> None:
    lead_id, signals = await desk.lead("callback"), (Signal.DO_NOT_CALL,)
    person = Customer(name="Иван", phone=PHONE)
    await desk.receive(
        LeadUpdated(lead_id=lead_id, signals=signals, person=person, language=Language.RU, zone="Europe/Moscow")
    )
    assert [one and one["do_not_call"] for one in await customers(api, "anna")] == [True]


@pytest.mark.req("U13")
async def test_a_queue_and_next_name_the_customer_too(desk: Desk, api: Api) -> None:
    await desk.lead("callback")
    (queued,) = (await api.call("GET", "/queues/new/tasks")).json()["items"]
    given = (await api.call("POST", "/next")).json()["task"]
    assert [each["customer"]["phone"] for each in (queued, given)] == [PHONE] * 2


@pytest.mark.req("U13", "P.6")
async def test_who_may_not_see_the_lead_is_not_told_its_customer(desk: Desk, api: Api) -> None:
    await desk.lead("callback")
    task = (await api.call("POST", "/next", sub="anna")).json()["task"]
    await api.outcome(task, "no_answer", call_made=True, problem="busy")
    waits = [await customers(api, sub) for sub in ("anna", "boris")]
    managed = await customers(api, "chief", "supervisor")
    assert [[each and each["phone"] for each in seen] for seen in (*waits, managed)] == [[PHONE], [None], [PHONE]]


@pytest.mark.req("U13", "P.6")
async def test_who_is_given_a_task_of_a_colleagues_lead_sees_whom_to_call(desk: Desk, api: Api) -> None:
    lead_id = await desk.lead("callback")
    task = await api.task(lead_id)
    await desk.receive(proposal(task["id"], lead_id))
    until = (desk.clock.now() + timedelta(hours=2)).isoformat()
    body = {"comment": "на час", "operator_id": str(BORIS_ID), "until": until}
    await api.call("POST", f"/tasks/{task['id']}/lend", json=body, version=task["version"] + 1)
    assert [[each and each["phone"] for each in await customers(api, sub)] for sub in ("anna", "boris")] == [
        [PHONE],
        [PHONE],
    ]


@pytest.mark.req("U13")
async def test_a_free_task_about_a_lead_names_its_customer_and_one_about_nobody_none(desk: Desk, api: Api) -> None:
    lead_id = await desk.lead("callback")
    about = {"title": "Вернуть ключ", "desk": "demo", "assignee": {"operator_id": str(ANNA_ID)}}
    due = (desk.clock.now() + timedelta(hours=2)).isoformat()
    made = [
        (await api.call("POST", "/tasks", json={**about, "due_at": due, **more})).json()
        for more in ({"links": {"lead_id": str(lead_id)}}, {})
    ]
    assert [each["customer"] and each["customer"]["phone"] for each in made] == [PHONE, None]


@pytest.mark.req("U13")
async def test_tasks_are_read_by_their_ids_and_by_several_states(desk: Desk, api: Api) -> None:
    tasks = [await api.task(await desk.lead("callback")) for _ in range(3)]
    wanted = {task["id"] for task in tasks[:2]}
    found = await api.call("GET", "/tasks", params={"ids": sorted(wanted), "state": ["active", "failed"]})
    none = await api.call("GET", "/tasks", params={"ids": sorted(wanted), "state": ["failed"]})
    assert ({task["id"] for task in found.json()["items"]}, none.json()["items"]) == (wanted, [])


@pytest.mark.req("U13")
async def test_more_ids_than_a_page_holds_are_refused(api: Api) -> None:
    answer = await api.call("GET", "/tasks", params={"ids": [str(UUID(int=number)) for number in range(201)]})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/ids")


@pytest.mark.req("U19")
@pytest.mark.parametrize("number", ["1042", "UX-9001", "gc-77", "nobody's"])
async def test_a_task_is_found_by_any_number_of_its_order(desk: Desk, api: Api, number: str) -> None:
    order = Order(
        id=uuid7(), number="1042", status=OrderStatus.NEW, external_number="UX-9001", external_id="gc-77", version=1
    )
    theirs = lead_v2("callback", order=order, external_id="gc-77")
    await desk.receive(theirs, lead_v2("callback", external_id="gc-78"))
    found = (await api.call("GET", "/tasks", params={"order_number": number})).json()["items"]
    assert [task["lead_id"] for task in found] == [str(theirs.lead_id)] * (number != "nobody's")


@pytest.mark.req("U13")
async def test_who_is_told_of_a_task_is_told_whom_to_call(desk: Desk, api: Api) -> None:
    lead_id = await desk.lead("callback")
    await desk.receive(proposal((await api.task(lead_id))["id"], lead_id))
    (told,) = await desk.sent(TaskAssigned)
    assert (told.person and told.person.phone, told.person and told.person.email, told.zone) == (
        PHONE,
        None,
        "Europe/Moscow",
    )
