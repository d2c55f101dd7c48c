"""A click reserves a task, the first contact makes responsible (S4.3), through API, events and clock."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from libs.common.contracts import intake as leads
from libs.common.contracts import tasks
from libs.common.contracts.shared import ContactKind, Direction
from services.tasks.timers.actions import fire_due
from tests.tasks.client import Api, Json
from tests.tasks.desk import ANNA_ID, BORIS_ID, Desk, contact, proposal
from tests.tasks.turns import one_after_the_other

CORRIDOR, RESERVED = timedelta(minutes=20), timedelta(minutes=20)
SECOND = timedelta(seconds=1)


async def taken(desk: Desk, api: Api) -> Json:
    """A school order that Anna has taken when its corridor opened."""
    task = await api.task(await order(desk))
    reserved: Json = (await api.call("POST", f"/tasks/{task['id']}/take")).json()
    return reserved


async def order(desk: Desk) -> UUID:
    lead_id = await desk.lead("school")
    await desk.pass_time(CORRIDOR)
    return lead_id


def call(desk: Desk, task: Json, operator_id: UUID | None = ANNA_ID, **changes: object) -> leads.ContactRecorded:
    """A call to the customer of a task, as telephony reports it."""
    known = {"kind": ContactKind.CALL_OUT, "direction": Direction.OUT, "at": desk.clock.now()}
    return contact(**known, lead_id=task["lead_id"], operator_id=operator_id, **changes)


async def owners(desk: Desk) -> list[UUID | None]:
    return [change.to_operator_id for change in await desk.sent(tasks.LeadOwnerChanged)]


async def statuses(desk: Desk) -> list[str]:
    return [request.status for request in await desk.sent(tasks.LeadStatusRequested)]


async def history(api: Api, task: Json) -> list[str]:
    found = await api.call("GET", "/timeline", role="supervisor", params={"lead_id": task["lead_id"]})
    return [step["kind"] for step in found.json()["items"]]


@pytest.mark.req("S4.3")
async def test_taking_reserves_and_makes_nobody_responsible(desk: Desk, api: Api) -> None:
    task = await taken(desk, api)
    assert task["operator_id"] == str(ANNA_ID)
    assert task["reserved_until"] == (desk.clock.now() + RESERVED).isoformat().replace("+00:00", "Z")
    assert (await owners(desk), await statuses(desk)) == ([], ["new"])


@pytest.mark.req("S4.3")
async def test_the_first_call_makes_responsible_and_sets_in_work_in_one_step(desk: Desk, api: Api) -> None:
    task = await taken(desk, api)
    assert (await api.outcome(task, "no_answer", call_made=True, problem="busy")).status_code == 200
    assert (await owners(desk), await statuses(desk)) == ([ANNA_ID], ["new", "in_work"])


@pytest.mark.req("S4.3")
async def test_a_recorded_call_makes_responsible_at_once(desk: Desk, api: Api) -> None:
    task = await taken(desk, api)
    await desk.pass_time(timedelta(minutes=3))
    await desk.receive(call(desk, task))
    await desk.pass_time(RESERVED)
    kept = await api.task(UUID(task["lead_id"]))
    assert (kept["operator_id"], kept["reserved_until"], kept["version"]) == (str(ANNA_ID), None, task["version"])
    assert (await owners(desk), await statuses(desk)) == ([ANNA_ID], ["new", "in_work"])
    assert {"reserved", "first_contact"} <= set(await history(api, task))


@pytest.mark.req("S4.3")
async def test_what_is_assigned_is_reserved_too(desk: Desk, api: Api) -> None:
    lead_id = await order(desk)
    asked = (await desk.sent(tasks.WorkRequested))[-1]
    await desk.receive(proposal(asked.task_id, lead_id, asked.task_version))
    task = await api.task(lead_id)
    assert (task["operator_id"], bool(task["reserved_until"]), await owners(desk)) == (str(ANNA_ID), True, [])


@pytest.mark.req("S4.3")
async def test_without_a_contact_it_goes_back_to_its_lane_and_rank(desk: Desk, api: Api) -> None:
    task = await taken(desk, api)
    await desk.pass_time(RESERVED)
    (released,) = await desk.sent(tasks.TaskReleased)
    assert (released.operator_id, released.taken, released.reason) == (ANNA_ID, True, "reservation_lapsed")
    free = await api.task(UUID(task["lead_id"]))
    assert (free["operator_id"], free["reserved_until"]) == (None, None)
    assert [free[key] for key in ("lane", "rank", "due_at")] == [task[key] for key in ("lane", "rank", "due_at")]


async def test_what_has_lapsed_is_somebody_else_s_by_a_request_or_a_click(desk: Desk, api: Api) -> None:
    task = await taken(desk, api)
    await desk.pass_time(RESERVED)
    asked = (await desk.sent(tasks.WorkRequested))[-1]
    assert (str(asked.task_id), asked.task_version) == (task["id"], task["version"] + 1)
    clicked = await api.call("POST", f"/tasks/{task['id']}/take", sub="boris")
    assert (clicked.status_code, clicked.json()["operator_id"]) == (200, str(BORIS_ID))


async def test_a_moment_before_it_is_still_reserved(desk: Desk, api: Api) -> None:
    task = await taken(desk, api)
    await desk.pass_time(RESERVED - SECOND)
    refused = await api.call("POST", f"/tasks/{task['id']}/take", sub="boris")
    assert (refused.status_code, refused.json()["code"]) == (409, "task_taken")


@pytest.mark.parametrize(
    ("operator_id", "changes"),
    [
        (BORIS_ID, {}),
        (uuid4(), {}),
        (None, {}),
        (ANNA_ID, {"kind": ContactKind.MISSED, "direction": Direction.IN}),
    ],
)
async def test_no_other_contact_is_its_operator_s_first(
    desk: Desk, api: Api, operator_id: UUID | None, changes: dict[str, object]
) -> None:
    task = await taken(desk, api)
    known = {"kind": ContactKind.CALL_OUT, "direction": Direction.OUT, "at": desk.clock.now(), **changes}
    await desk.receive(contact(**known, lead_id=task["lead_id"], operator_id=operator_id))
    await desk.pass_time(RESERVED)
    assert ((await api.task(UUID(task["lead_id"])))["operator_id"], await owners(desk)) == (None, [])


@pytest.mark.parametrize("kind", [ContactKind.CALL_IN, ContactKind.CALL_OUT, ContactKind.MESSAGE])
async def test_a_call_either_way_and_a_message_are_contacts(desk: Desk, api: Api, kind: ContactKind) -> None:
    task = await taken(desk, api)
    known = {"kind": kind, "direction": Direction.OUT, "at": desk.clock.now()}
    await desk.receive(contact(**known, lead_id=task["lead_id"], operator_id=ANNA_ID))
    assert await owners(desk) == [ANNA_ID]


@pytest.mark.req("S4.4")
@pytest.mark.parametrize(("after", "overdue"), [(15, 1), (16, 0)])
async def test_an_order_called_within_35_minutes_is_not_overdue(
    desk: Desk, api: Api, after: int, overdue: int
) -> None:
    task = await taken(desk, api)
    await desk.pass_time(timedelta(minutes=14))
    if overdue == 0:
        await desk.receive(call(desk, task))
    await desk.pass_time(timedelta(minutes=after))
    assert len(await desk.sent(tasks.TaskOverdue)) == overdue


async def test_a_reservation_whose_operator_is_in_contact_first_does_not_lapse(desk: Desk, api: Api) -> None:
    task = await taken(desk, api)
    said = desk.event(call(desk, task))
    desk.clock.advance(RESERVED)
    _, fired = await one_after_the_other(desk, "process", desk.apply([said]), passing=fire_due(desk.ctx, 100))
    await desk.pass_time(timedelta(0))
    assert (fired, await owners(desk), await desk.sent(tasks.TaskReleased)) == (0, [ANNA_ID], [])


async def test_a_contact_and_an_outcome_after_the_reservation_make_nobody_responsible(desk: Desk, api: Api) -> None:
    task = await taken(desk, api)
    await desk.pass_time(RESERVED)
    await desk.receive(call(desk, task))
    refused = await api.outcome(task, "no_answer", call_made=True, problem="busy")
    assert (refused.status_code, await owners(desk)) == (412, [])
