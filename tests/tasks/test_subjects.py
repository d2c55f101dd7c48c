"""Events are given to the processes of their subject, to who asked, and to those that listen; nothing is lost."""

from uuid import UUID

import pytest

from libs.common.contracts import intake, tasks
from libs.common.contracts.shared import OrderStatus, Stage
from libs.common.platform.ids import uuid7
from tests.tasks.client import Api, Json
from tests.tasks.desk import ANNA_ID, Desk, contact, lead, proposal
from tests.tasks.subjects import (
    activate_all,
    born,
    customer_changed,
    delivered,
    order_changed,
    status_changed,
)

NOTES = """
SELECT p.playbook FROM timeline_entry e JOIN process p ON p.id = e.process_id WHERE e.kind = 'note' ORDER BY e.id
"""
UNHEARD = "tasks_events_unheard_total"


async def noted(desk: Desk) -> list[str]:
    """Return the playbooks of the processes that noted what they heard, in order."""
    return [row["playbook"] for row in await desk.ctx.db.pool.fetch(NOTES)]


async def process_of(desk: Desk, playbook: str) -> UUID:
    found: UUID = await desk.ctx.db.pool.fetchval("SELECT id FROM process WHERE playbook = $1", playbook)
    return found


async def request_of(desk: Desk) -> UUID:
    """Return the request of a status that the refund has sent."""
    query = "SELECT event_id FROM outbox WHERE type LIKE '%status_requested%'"
    found: UUID = await desk.ctx.db.pool.fetchval(query)
    return found


async def statuses(desk: Desk) -> dict[str, str]:
    rows = await desk.ctx.db.pool.fetch("SELECT playbook, status FROM process")
    return {row["playbook"]: row["status"] for row in rows}


async def timeline(api: Api, subject: str, role: str = "supervisor", sub: str = "anna") -> Json:
    answer = await api.call("GET", "/timeline", sub=sub, role=role, language="en", params={"subject": subject})
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def refunded(desk: Desk) -> intake.LeadReceivedV2:
    """Return a lead whose refund runs beside its first process; nothing has been noted since."""
    await activate_all(desk)
    received = born("main", phone="+79990000001")
    await desk.receive(received)
    await desk.receive(order_changed(received.lead_id, OrderStatus.REFUND_REQUESTED))
    return received


async def test_a_lead_without_order_and_contact_is_worked_in_the_status_with_which_it_was_born(
    desk: Desk, api: Api
) -> None:
    received = born("callback")
    await desk.receive(received)
    task = await api.task(received.lead_id)
    head = await timeline(api, f"lead:{received.lead_id}")
    assert (task["type"], task["order_number"], head["status"], head["stage"]) == ("call_back", None, "new", "new")
    assert await desk.sent(tasks.LeadStatusRequested) == []


async def test_a_status_that_the_rules_reach_is_requested_when_the_lead_was_born_in_another(desk: Desk) -> None:
    await desk.receive(born("callback", status="elsewhere", stage=Stage.WORKING))
    assert [asked.status for asked in await desk.sent(tasks.LeadStatusRequested)] == ["new"]


async def test_a_lead_s_order_comes_with_it(desk: Desk, api: Api) -> None:
    order = intake.Order(
        id=uuid7(),
        number="77",
        external_id="x",
        status=OrderStatus.PAID,
        version=1,
        items=(intake.Item(title="a"),),
    )
    received = born("school", order=order)
    await desk.receive(received)
    head = await timeline(api, f"lead:{received.lead_id}")
    assert (head["order_number"], head["external_id"], head["status"]) == ("77", "x", "paid")


async def test_a_lead_that_comes_again_in_the_other_form_changes_nothing(desk: Desk) -> None:
    received = lead("callback")
    await desk.receive(received)
    await desk.receive(born("callback", lead_id=received.lead_id))
    assert len(await desk.tasks()) == 1


async def test_a_message_that_has_nowhere_to_go_is_told_and_not_requested(desk: Desk, api: Api) -> None:
    received = born("callback")
    await desk.receive(received)
    steps = (await timeline(api, f"lead:{received.lead_id}"))["items"]
    titles = [step["title"] for step in steps if step["kind"] == "nowhere_to_write"]
    assert titles == ["Message “acknowledgement” not requested: there is nowhere to write to"]
    assert await desk.sent(tasks.MessageRequested) == []


async def test_an_order_that_comes_later_is_the_lead_s(desk: Desk, api: Api) -> None:
    received = born("school")
    await desk.receive(received)
    await desk.receive(order_changed(received.lead_id, OrderStatus.PAID))
    head = await timeline(api, f"lead:{received.lead_id}")
    assert (head["order_number"], head["status"]) == ("1042", "paid")


async def test_an_event_of_a_lead_is_given_to_all_its_live_processes(desk: Desk) -> None:
    received = await refunded(desk)
    await desk.receive(order_changed(received.lead_id, OrderStatus.PAID))
    assert await noted(desk) == ["main", "refund"]


@pytest.mark.parametrize("playbook", ["main", "refund"])
async def test_a_message_s_step_goes_to_the_process_that_requested_it(desk: Desk, playbook: str) -> None:
    received = await refunded(desk)
    await desk.receive(delivered(received.lead_id, await process_of(desk, playbook)))
    assert await noted(desk) == [playbook]


async def test_a_message_of_the_release_before_is_that_of_the_lead_s_first_process(desk: Desk) -> None:
    received = await refunded(desk)
    await desk.receive(delivered(received.lead_id, None))
    assert await noted(desk) == ["main"]


async def test_work_goes_to_the_process_of_its_task(desk: Desk, api: Api) -> None:
    received = await refunded(desk)
    asked = {data.task_id: data for data in await desk.sent(tasks.WorkRequested)}
    (keep,) = [data for data in await desk.tasks() if data.task_type == "keep"]
    await desk.receive(proposal(keep.task_id, received.lead_id, asked[keep.task_id].task_version))
    (assigned,) = await desk.sent(tasks.TaskAssigned)
    assert (assigned.task_type, assigned.operator_id, assigned.lead_id) == ("keep", ANNA_ID, received.lead_id)


async def test_a_status_is_followed_by_the_processes_that_did_not_ask_for_it(desk: Desk) -> None:
    received = await refunded(desk)
    await desk.receive(status_changed(received.lead_id, "kept", await request_of(desk)))
    assert await statuses(desk) == {"main": "kept", "refund": "kept"}
    followed = await desk.ctx.db.pool.fetch("SELECT process_id FROM timeline_entry WHERE kind = 'status_followed'")
    assert [row["process_id"] for row in followed] == [await process_of(desk, "main")]


async def test_a_refused_status_concerns_the_process_that_asked_for_it_alone(desk: Desk) -> None:
    received = await refunded(desk)
    refused = intake.LeadStatusRefused(
        lead_id=received.lead_id,
        status="kept",
        current_status="new",
        code="stale",
        request_id=await request_of(desk),
    )
    await desk.receive(refused)
    assert (await noted(desk), await statuses(desk)) == (["refund"], {"main": "new", "refund": "new"})


async def test_a_process_listens_to_the_customer_of_its_lead_alone(desk: Desk) -> None:
    await activate_all(desk)
    received, other = born("main"), born("main")
    await desk.receive(received, other)
    await desk.receive(customer_changed(received.customer_id))
    assert await noted(desk) == ["main"]


async def test_the_lead_s_timeline_tells_what_its_process_listened_to(desk: Desk, api: Api) -> None:
    await activate_all(desk)
    received = born("main")
    await desk.receive(received)
    await desk.receive(customer_changed(received.customer_id))
    steps = (await timeline(api, f"lead:{received.lead_id}"))["items"]
    told = next(step for step in steps if step["kind"] == "dozvon.customer.changed.v1")
    assert [step["title"] for step in steps if step["caused_by"] == told["id"]] == ["Heard"]


async def test_a_customer_s_process_begins_with_their_event_and_has_a_timeline(desk: Desk, api: Api) -> None:
    await activate_all(desk)
    changed = customer_changed(uuid7(), phone="+79990000001")
    await desk.receive(changed)
    shown = await timeline(api, f"customer:{changed.customer_id}")
    kinds = [step["kind"].removeprefix("dozvon.") for step in shown["items"]]
    assert kinds[:4] == ["customer.changed.v1", "process_started", "message.requested.v1", "task.opened.v1"]
    assert (shown["lead_id"], shown["playbook"], shown["subject"]["kind"]) == (None, "care", "customer")


async def test_what_is_said_of_a_customer_goes_under_their_key_and_names_no_lead(desk: Desk) -> None:
    await activate_all(desk)
    changed = customer_changed(uuid7(), phone="+79990000001")
    await desk.receive(changed)
    (asked,) = await desk.sent(tasks.MessageRequested)
    keys = await desk.ctx.db.pool.fetch(
        "SELECT DISTINCT key FROM outbox WHERE type LIKE '%task%' OR type LIKE '%mess%'"
    )
    assert (asked.lead_id, asked.customer_id, asked.person.phone) == (None, changed.customer_id, "+79990000001")
    assert [row["key"] for row in keys] == [f"customer:{changed.customer_id}"]


async def test_a_customer_s_process_hears_of_the_orders_of_their_leads(desk: Desk) -> None:
    await activate_all(desk)
    received = born("main")
    await desk.receive(received, customer_changed(received.customer_id))
    await desk.receive(order_changed(received.lead_id, OrderStatus.PAID))
    assert len([task for task in await desk.tasks() if task.task_type == "greet"]) == 2


async def test_a_customer_s_process_may_wait_with_nothing_open(desk: Desk, api: Api) -> None:
    await activate_all(desk)
    await desk.receive(customer_changed(uuid7()))
    (task,) = (await api.call("GET", "/tasks", role="admin", params={"type": "greet"})).json()["items"]
    body = {"outcome": "done", "comment": "познакомились"}
    await api.call("POST", f"/tasks/{task['id']}/outcome", role="admin", json=body, version=task["version"])
    row = await desk.ctx.db.pool.fetchrow("SELECT breaches, ended_at, opened FROM process WHERE playbook = 'care'")
    assert tuple(row or ()) == (0, None, 1)


async def test_what_no_process_is_for_is_counted_and_stands_in_its_subject_s_timeline(desk: Desk, api: Api) -> None:
    changed = customer_changed(uuid7())
    await desk.receive(changed)
    shown = await timeline(api, f"customer:{changed.customer_id}")
    labels = {"type": "dozvon.customer.changed.v1"}
    assert [step["kind"] for step in shown["items"]] == ["dozvon.customer.changed.v1"]
    assert desk.ctx.core.metrics.get_sample_value(UNHEARD, labels) == 1


async def test_a_contact_of_somebody_unknown_is_counted(desk: Desk) -> None:
    await desk.receive(contact())
    labels = {"type": "dozvon.contact.recorded.v1"}
    assert desk.ctx.core.metrics.get_sample_value(UNHEARD, labels) == 1


@pytest.mark.req("P.6")
async def test_an_operator_does_not_see_a_customer_whose_process_a_colleague_owns(desk: Desk, api: Api) -> None:
    await activate_all(desk)
    changed = customer_changed(uuid7())
    await desk.receive(changed)
    await desk.ctx.db.pool.execute("UPDATE process SET owner_id = $1, owner_name = 'Anna'", ANNA_ID)
    params = {"subject": f"customer:{changed.customer_id}"}
    assert (await api.call("GET", "/timeline", sub="boris", params=params)).status_code == 404


@pytest.mark.parametrize("subject", ["lead", "lead:1", "desk:demo", f"operator:{ANNA_ID}"])
async def test_a_timeline_of_no_subject_is_refused(api: Api, subject: str) -> None:
    refused = await api.call("GET", "/timeline", params={"subject": subject})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "unknown_subject")
