"""The step `offer`: what waits for its time is given out at once, as the playbook says."""

from datetime import timedelta

import pytest

from libs.common.contracts import intake, tasks
from libs.common.contracts.shared import OrderStatus
from services.tasks.playbooks.diagram import diagram
from services.tasks.playbooks.grammar import parse
from tests.tasks.client import Api
from tests.tasks.desk import Desk, lead
from tests.tasks.support import START, TINY, VOCABULARY

LATER = TINY.replace("due: 5m", "offer: 20m\n    due: 35m").replace("pool: main", "pool: sales")
PUSHED = LATER + "  order_changed:\n    - when: {order_status: part_paid}\n      then:\n        - offer: call\n"
MIXED = PUSHED.replace("mode: push", "mode: mixed")


async def received(desk: Desk, source: str) -> intake.LeadReceived:
    await desk.activate_playbook(source)
    data = lead("tiny", received_at=desk.clock.now())
    await desk.receive(data)
    await desk.pass_time(timedelta(minutes=1))
    return data


async def pay_a_part(desk: Desk, of: intake.LeadReceived) -> None:
    changed = intake.OrderChanged(
        order_id=of.order_id, lead_id=of.lead_id, order_number=of.order_number, external_id=of.external_id,
        from_status=OrderStatus.NEW, to_status=OrderStatus.PART_PAID,
    )  # fmt: skip
    await desk.receive(changed)


async def kinds(api: Api, of: intake.LeadReceived) -> list[str]:
    params = {"lead_id": str(of.lead_id)}
    answer = await api.call("GET", "/timeline", role="supervisor", language="en", params=params)
    return [step["kind"] for step in answer.json()["items"]]


@pytest.mark.req("S4.4")
async def test_what_is_offered_early_can_be_taken_early(desk: Desk, api: Api) -> None:
    data = await received(desk, MIXED)
    task = await api.task(data.lead_id)
    early = await api.call("POST", f"/tasks/{task['id']}/take")
    await pay_a_part(desk, data)
    taken = await api.call("POST", f"/tasks/{task['id']}/take")
    assert (early.json()["code"], taken.status_code) == ("task_not_offered_yet", 200)
    assert taken.json()["offer_from"] == (START + timedelta(minutes=1)).isoformat().replace("+00:00", "Z")


async def test_pushed_work_is_asked_for_at_once_and_once(desk: Desk) -> None:
    data = await received(desk, PUSHED)
    assert await desk.sent(tasks.WorkRequested) == []
    await pay_a_part(desk, data)
    assert len(await desk.sent(tasks.WorkRequested)) == 1
    await desk.pass_time(timedelta(minutes=30))
    assert {event.task_version for event in await desk.sent(tasks.WorkRequested)} == {1}


@pytest.mark.req("P.3")
async def test_the_timeline_shows_that_a_task_was_brought_forward(desk: Desk, api: Api) -> None:
    data = await received(desk, PUSHED)
    await pay_a_part(desk, data)
    found = await kinds(api, data)
    assert found.index("dozvon.order.changed.v1") < found.index("brought_forward")
    assert found.index("brought_forward") < found.index("dozvon.work.requested.v1")


async def test_what_was_offered_in_its_time_is_left_alone(desk: Desk, api: Api) -> None:
    data = await received(desk, PUSHED)
    await desk.pass_time(timedelta(minutes=25))
    await pay_a_part(desk, data)
    assert "brought_forward" not in await kinds(api, data)


def test_the_diagram_shows_what_is_offered_early() -> None:
    assert "on_order_changed -->|⏩| call\n" in diagram(parse(PUSHED, VOCABULARY), "en")
