"""A missed call of a customer who has bought: it is called back, and the sale stands (S2.10, S4.16)."""

from datetime import timedelta
from uuid import UUID

import pytest

from libs.common.contracts import tasks
from libs.common.contracts.intake import ContactRecorded
from libs.common.contracts.shared import ContactKind
from tests.tasks.client import Api, Json
from tests.tasks.desk import ANNA_ID, BORIS_ID, Desk, contact
from tests.tasks.test_numbers import called, numbers, paid, taken
from tests.tasks.test_sheets import sheet

#: The status in which each of the playbooks has won.
SOLD = {"callback": "answered", "school": "paid"}
SALE = "SELECT status, stage, owner_id, ended_at IS NOT NULL FROM process WHERE lead_id = $1"


def missed(desk: Desk, lead_id: UUID) -> ContactRecorded:
    return contact(kind=ContactKind.MISSED, lead_id=lead_id, at=desk.clock.now())


async def bought(desk: Desk, api: Api, playbook: str) -> UUID:
    """Anna works a lead until it is won."""
    if playbook == "school":
        lead_id = UUID((await taken(desk, api))["lead_id"])
        await paid(desk, lead_id)
        return lead_id
    lead_id = await desk.lead(playbook)
    task = (await api.call("POST", f"/tasks/{(await api.task(lead_id))['id']}/take")).json()
    assert (await api.outcome(task, "reached", call_made=True)).is_success
    return lead_id


async def sale(desk: Desk, lead_id: UUID) -> tuple[object, ...]:
    """Return status, stage, owner, and whether the lead's process has ended."""
    found = await desk.ctx.db.pool.fetchrow(SALE, lead_id)
    return tuple(found or ())


async def taken_by_boris(api: Api, lead_id: UUID) -> Json:
    task = await api.task(lead_id)
    found: Json = (await api.call("POST", f"/tasks/{task['id']}/take", sub="boris")).json()
    return found


@pytest.mark.req("S2.10", "S4.16")
@pytest.mark.parametrize("playbook", SOLD)
async def test_a_missed_call_of_a_buyer_is_called_back_by_who_sold_to_them(
    desk: Desk, api: Api, playbook: str
) -> None:
    lead_id = await bought(desk, api, playbook)
    await desk.receive(missed(desk, lead_id))
    task, asked = await api.task(lead_id), (await desk.sent(tasks.WorkRequested))[-1]
    assert (task["type"], task["important"]) == ("return_call", True)
    assert (str(asked.task_id), asked.prefer_operator_id) == (task["id"], ANNA_ID)


@pytest.mark.req("S2.10", "S4.16")
@pytest.mark.parametrize("playbook", SOLD)
@pytest.mark.parametrize("outcome", ["called", "no_answer"])
async def test_whoever_calls_a_buyer_back_the_sale_and_its_owner_stay(
    desk: Desk, api: Api, playbook: str, outcome: str
) -> None:
    lead_id = await bought(desk, api, playbook)
    before = await sale(desk, lead_id)
    await desk.receive(missed(desk, lead_id))
    for _ in range(3 if outcome == "no_answer" else 1):
        task = await taken_by_boris(api, lead_id)
        problem = {"problem": "busy"} if outcome == "no_answer" else {}
        assert (await api.outcome(task, outcome, "boris", call_made=True, **problem)).is_success
        await desk.pass_time(timedelta(hours=5))
    assert before == await sale(desk, lead_id) == (SOLD[playbook], "won", ANNA_ID, True)


@pytest.mark.req("S4.7", "S4.16")
async def test_a_buyer_s_missed_call_changes_no_number_but_calls(desk: Desk, api: Api) -> None:
    lead_id = await bought(desk, api, "school")
    before = await sales(api)
    await desk.receive(missed(desk, lead_id))
    task = await taken_by_boris(api, lead_id)
    await desk.receive(called(desk, lead_id, operator_id=BORIS_ID))
    assert (await api.outcome(task, "called", "boris", call_made=True)).is_success
    assert before == await sales(api) == {str(ANNA_ID): (1, 1, 1)}


async def sales(api: Api) -> dict[str, tuple[int, int, int]]:
    rows = (await numbers(api))["rows"]
    found = {row["operator_id"]: (row["taken"], row["paid"], row["wins"]) for row in rows}
    return {who: counted for who, counted in found.items() if any(counted)}


@pytest.mark.req("P.9", "S4.16")
async def test_who_calls_a_buyer_back_asks_first_what_they_called_about(desk: Desk, api: Api) -> None:
    lead_id = await bought(desk, api, "school")
    await desk.receive(missed(desk, lead_id))
    found = await sheet(api, await api.task(lead_id))
    assert (found["goal"], found["steps"][0]["title"]) == (
        "Узнать, с чем звонил покупатель, и помочь", "Спросить, с чем звонили",
    )  # fmt: skip


async def not_reached(desk: Desk, api: Api, lead_id: UUID, times: int) -> None:
    """Boris calls back in vain, so many times."""
    for _ in range(times):
        task = await taken_by_boris(api, lead_id)
        assert (await api.outcome(task, "no_answer", "boris", call_made=True, problem="busy")).is_success
        await desk.pass_time(timedelta(hours=5))


@pytest.mark.req("S2.10", "S4.16")
@pytest.mark.parametrize("playbook", SOLD)
async def test_who_calls_again_after_the_last_attempt_is_called_as_often_as_at_first(
    desk: Desk, api: Api, playbook: str
) -> None:
    lead_id = await bought(desk, api, playbook)
    await desk.receive(missed(desk, lead_id))
    await not_reached(desk, api, lead_id, 3)
    await desk.receive(missed(desk, lead_id))
    await not_reached(desk, api, lead_id, 2)
    assert (await api.task(lead_id))["type"] == "return_call"


@pytest.mark.req("S2.10")
@pytest.mark.parametrize("playbook", SOLD)
async def test_so_is_who_has_not_bought(desk: Desk, api: Api, playbook: str) -> None:
    lead_id = await desk.lead(playbook)
    await desk.pass_time(timedelta(minutes=30))
    await not_reached(desk, api, lead_id, 3)
    await desk.receive(missed(desk, lead_id))
    await not_reached(desk, api, lead_id, 2)
    assert (await api.task(lead_id))["state"] == "active"


@pytest.mark.req("S2.10")
@pytest.mark.parametrize("playbook", SOLD)
async def test_a_second_missed_call_brings_the_waiting_task_forward(desk: Desk, api: Api, playbook: str) -> None:
    lead_id = await bought(desk, api, playbook)
    await desk.receive(missed(desk, lead_id))
    task = await taken_by_boris(api, lead_id)
    assert (await api.outcome(task, "no_answer", "boris", call_made=True, problem="busy")).is_success
    asked = len(await desk.sent(tasks.WorkRequested))
    await desk.receive(missed(desk, lead_id))
    [again] = (await desk.sent(tasks.WorkRequested))[asked:]
    assert str(again.task_id) == (await api.task(lead_id))["id"]
