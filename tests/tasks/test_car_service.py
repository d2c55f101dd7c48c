"""The car service as a playbook: categories, twins, redirecting, what a booking ends (S3.2, S3.4, S3.5, S3.8)."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio

from libs.common.contracts import tasks
from tests.tasks.client import Api, Json
from tests.tasks.desk import ANNA_ID, BORIS_ID, Desk, operator
from tests.tasks.support import START

SERVICE = Path("tests/tasks/car_service.yaml").read_text(encoding="utf-8")
TOMORROW = (START + timedelta(days=1)).isoformat()
REPAIR, PARTS = {"category": "repair"}, {"category": "parts"}


@pytest_asyncio.fixture
async def service(desk: Desk) -> Desk:
    await desk.activate_playbook(SERVICE)
    await desk.receive(operator(ANNA_ID, "anna", roles=("operator", "adviser")))
    return desk


async def end(api: Api, lead_id: UUID, outcome: str, **given: object) -> Json:
    """Take the lead's task, end it so, and return the answer with its status."""
    task = (await api.call("POST", f"/tasks/{(await api.task(lead_id))['id']}/take")).json()
    answer = await api.outcome(task, outcome, **given)  # type: ignore[arg-type]  # members of the body
    return {"status": answer.status_code, **answer.json()}


async def tasks_of(api: Api, lead_id: UUID) -> dict[str, tuple[str, str | None]]:
    """State and outcome of each task of the lead, by its type."""
    found = await api.call("GET", "/tasks", role="admin", params={"lead_id": str(lead_id)})
    return {task["type"]: (task["state"], task["outcome"]) for task in found.json()["items"]}


def faults(answer: Json) -> list[tuple[str, str]]:
    assert answer["status"] == 422, answer
    return [(error["pointer"], error["code"]) for error in answer["errors"]]


@pytest.mark.req("S3.4")
async def test_the_first_task_of_a_contact_is_overdue_at_once(service: Desk, api: Api) -> None:
    lead_id = await service.lead("service")
    await service.pass_time(timedelta(0))
    task = await api.task(lead_id)
    assert (task["due_at"], task["overdue"]) == (START.isoformat().replace("+00:00", "Z"), True)


@pytest.mark.req("S3.2")
async def test_the_category_says_which_outcomes_a_contact_has(service: Desk, api: Api) -> None:
    task = await api.task(await service.lead("service"))
    allowed = {outcome["code"]: outcome["categories"] for outcome in task["outcomes"]}
    assert (allowed["booked"], allowed["refused"], allowed["noted"]) == (
        ["repair"],
        ["repair", "parts"],
        ["off_target"],
    )


@pytest.mark.req("S3.2")
@pytest.mark.parametrize(
    ("outcome", "fields", "wrong"),
    [
        ("sold", {}, [("/fields/category", "category_required")]),
        ("sold", {"category": "paint"}, [("/fields/category", "not_a_choice")]),
        ("sold", REPAIR, [("/outcome", "not_of_category")]),
    ],
)  # fmt: skip
async def test_an_outcome_of_another_category_is_refused(
    service: Desk, api: Api, outcome: str, fields: Json, wrong: list[tuple[str, str]]
) -> None:
    lead_id = await service.lead("service")
    assert faults(await end(api, lead_id, outcome, fields=fields)) == wrong


@pytest.mark.req("S3.2")
async def test_parts_to_wait_for_open_the_sale(service: Desk, api: Api) -> None:
    lead_id = await service.lead("service")
    assert (await end(api, lead_id, "wait_reserve", fields=PARTS))["status"] == 200
    assert await tasks_of(api, lead_id) == {
        "identify": ("completed", "wait_reserve"),
        "close_sale": ("active", None),
    }


@pytest.mark.req("S3.5")
async def test_a_deferred_task_goes_on_as_its_twin_at_the_time_asked_for(service: Desk, api: Api) -> None:
    lead_id = await service.lead("service")
    assert (await end(api, lead_id, "deferred", fields=REPAIR, callback_at=TOMORROW))["status"] == 200
    twin = await api.task(lead_id)
    assert (twin["type"], twin["title"]) == ("identify.deferred", "Отложено: Укажите результат обращения")
    assert twin["due_at"] == TOMORROW.replace("+00:00", "Z")


@pytest.mark.req("S3.5")
async def test_the_twin_of_a_twin_is_the_same_twin_and_knows_the_category(service: Desk, api: Api) -> None:
    lead_id = await service.lead("service")
    await end(api, lead_id, "deferred", fields=REPAIR, callback_at=TOMORROW)
    await service.pass_time(timedelta(days=1))
    later = (START + timedelta(days=2)).isoformat()
    assert (await end(api, lead_id, "deferred", callback_at=later))["status"] == 200
    assert (await api.task(lead_id))["type"] == "identify.deferred"


@pytest.mark.req("S3.5")
@pytest.mark.parametrize("how", ["redirected", "call_back"])
async def test_a_redirected_task_is_the_named_persons_twin(service: Desk, api: Api, how: str) -> None:
    lead_id = await service.lead("service")
    await end(api, lead_id, how, fields={**REPAIR, "to": str(BORIS_ID)})
    twin = await api.task(lead_id)
    assert (twin["type"], twin["operator_id"]) == (f"identify.{how}", str(BORIS_ID))
    assert [data.operator_id for data in await service.sent(tasks.TaskAssigned)] == [BORIS_ID]


@pytest.mark.req("S3.5")
@pytest.mark.parametrize("person", ["boris", str(UUID(int=99)), 7])
async def test_who_is_nobody_of_the_desk_gets_no_task(service: Desk, api: Api, person: object) -> None:
    lead_id = await service.lead("service")
    answer = await end(api, lead_id, "redirected", fields={**REPAIR, "to": person})
    assert faults(answer) == [("/fields/to", "not_a_person")]


@pytest.mark.req("S3.5")
async def test_a_colleague_who_left_gets_no_task(service: Desk, api: Api) -> None:
    await service.receive(operator(BORIS_ID, "boris", active=False))
    lead_id = await service.lead("service")
    answer = await end(api, lead_id, "redirected", fields={**REPAIR, "to": str(BORIS_ID)})
    assert faults(answer) == [("/fields/to", "not_a_person")]


@pytest.mark.req("S3.5")
async def test_a_refusal_names_its_reason(service: Desk, api: Api) -> None:
    lead_id = await service.lead("service")
    assert faults(await end(api, lead_id, "refused", fields=REPAIR)) == [("/problem", "problem_required")]


@pytest.mark.req("S3.8")
async def test_a_booking_completes_the_rest_and_opens_the_reception_at_its_time(service: Desk, api: Api) -> None:
    lead_id = await service.lead("service")
    fields = {**REPAIR, "booking_at": TOMORROW, "works": "tyres"}
    assert (await end(api, lead_id, "booked", fields=fields))["status"] == 200
    reception = await api.task(lead_id)
    assert (reception["type"], reception["due_at"]) == ("receive", TOMORROW.replace("+00:00", "Z"))


@pytest.mark.req("S3.8")
async def test_a_customer_who_is_here_is_booked_and_received_in_one_step(service: Desk, api: Api) -> None:
    lead_id = await service.lead("service")
    assert (await end(api, lead_id, "here", fields=REPAIR))["status"] == 200
    assert await tasks_of(api, lead_id) == {"identify": ("completed", "here"), "receive": ("completed", "arrived")}


@pytest.mark.req("S3.8")
async def test_a_moved_booking_is_received_by_the_twin_at_the_new_time(service: Desk, api: Api) -> None:
    lead_id = await service.lead("service")
    await end(api, lead_id, "booked", fields={**REPAIR, "booking_at": TOMORROW, "works": "tyres"})
    await service.pass_time(timedelta(days=1))
    later = (START + timedelta(days=3)).isoformat()
    assert (await end(api, lead_id, "moved", fields={"booking_at": later}))["status"] == 200
    twin = await api.task(lead_id)
    assert (twin["type"], twin["due_at"]) == ("receive.deferred", later.replace("+00:00", "Z"))


@pytest.mark.req("S3.8")
async def test_no_show_ends_the_process_with_its_reason(service: Desk, api: Api) -> None:
    lead_id = await service.lead("service")
    await end(api, lead_id, "booked", fields={**REPAIR, "booking_at": TOMORROW, "works": "tyres"})
    await service.pass_time(timedelta(days=1))
    assert (await end(api, lead_id, "no_show", problem="other"))["status"] == 200
    assert {state for state, _ in (await tasks_of(api, lead_id)).values()} == {"completed", "failed"}
