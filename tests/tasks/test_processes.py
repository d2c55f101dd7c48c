"""Events in, events out, on a real Postgres."""

from datetime import timedelta

import pytest

from libs.common.contracts import EventData, intake, tasks
from libs.common.contracts.shared import OrderStatus, Signal
from libs.common.platform.ids import uuid7
from services.tasks.operators.actions import project_operators
from services.tasks.playbooks.waiting import UnknownPlaybookError
from services.tasks.processes.actions import advance
from tests.tasks.client import Api
from tests.tasks.desk import ANNA_ID, BORIS_ID, Desk, lead, lead_v2, operator, proposal
from tests.tasks.support import TINY


async def test_callback_lead_opens_its_task_and_asks_for_an_operator_at_once(desk: Desk) -> None:
    lead_id = await desk.lead("callback")
    (opened,) = await desk.tasks()
    (asked,) = await desk.sent(tasks.WorkRequested)
    assert (opened.lead_id, opened.task_id, opened.pool) == (lead_id, asked.task_id, "callback")


async def test_school_lead_asks_for_an_operator_only_when_the_corridor_opens(desk: Desk) -> None:
    await desk.lead("school")
    await desk.pass_time(timedelta(minutes=19))
    before = await desk.sent(tasks.WorkRequested)
    await desk.pass_time(timedelta(minutes=1))
    assert (before, len(await desk.sent(tasks.WorkRequested))) == ([], 1)


async def test_proposal_makes_the_operator_own_task_and_lead(desk: Desk) -> None:
    lead_id = await desk.lead("callback")
    (asked,) = await desk.sent(tasks.WorkRequested)
    await desk.receive(proposal(asked.task_id, lead_id, asked.task_version))
    (assigned,) = await desk.sent(tasks.TaskAssigned)
    assert (assigned.operator_id, assigned.owns_lead) == (ANNA_ID, True)
    assert await desk.sent(tasks.LeadOwnerChanged) == []


async def test_of_a_pushed_lead_two_records_of_tasks_leave(desk: Desk) -> None:
    await desk.activate_playbook(TINY)
    received = lead_v2("tiny")
    await desk.receive(received)
    (asked,) = await desk.sent(tasks.WorkRequested)
    await desk.receive(proposal(asked.task_id, received.lead_id, asked.task_version))
    about = [data for data in await desk.sent(EventData) if getattr(data, "lead_id", None) == received.lead_id]
    expected: list[type[EventData]] = [tasks.WorkRequested, tasks.TaskAssigned]
    assert [type(data) for data in about] == expected


async def test_what_another_event_says_is_still_a_step_of_the_timeline(desk: Desk, api: Api) -> None:
    lead_id = await desk.lead("callback")
    (asked,) = await desk.sent(tasks.WorkRequested)
    await desk.receive(proposal(asked.task_id, lead_id, asked.task_version))
    shown = await api.call("GET", "/timeline", role="admin", params={"lead_id": str(lead_id)})
    kinds = {step["kind"] for step in shown.json()["items"]}
    assert {"dozvon.task.opened.v1", "dozvon.lead.owner_changed.v1"} <= kinds


async def test_second_proposal_for_a_task_is_declined(desk: Desk) -> None:
    lead_id = await desk.lead("callback")
    (asked,) = await desk.sent(tasks.WorkRequested)
    first, second = (proposal(asked.task_id, lead_id, operator_id=who) for who in (ANNA_ID, BORIS_ID))
    await desk.receive(first, second)
    (declined,) = await desk.sent(tasks.WorkDeclined)
    assert (declined.operator_id, declined.reason) == (BORIS_ID, "already_assigned")


async def test_message_request_is_self_contained(desk: Desk) -> None:
    await desk.lead("school")
    (asked,) = await desk.sent(tasks.MessageRequested)
    assert asked.person.phone == "+79990000001"
    assert asked.variables == {
        "order_number": "1042",
        "amount": "4\xa0990\xa0₽",
        "items": "Курс",
        "payment_link": "https://pay.example/42",
        "desk_title": "Демо",
    }


async def test_payment_in_the_same_batch_as_the_lead_opens_and_completes_its_task(desk: Desk) -> None:
    received = lead("school")
    paid = intake.OrderChanged(
        lead_id=received.lead_id,
        order_id=received.order_id,
        order_number="1042",
        external_id=received.external_id,
        from_status=OrderStatus.NEW,
        to_status=OrderStatus.PAID,
    )
    await desk.receive(received, paid)
    (ended,) = await desk.sent(tasks.TaskCompleted)
    assert (ended.actor, [s.status for s in await desk.sent(tasks.LeadStatusRequested)]) == (
        "system",
        ["new", "paid"],
    )


async def test_second_unpaid_order_asks_for_false_alone(desk: Desk) -> None:
    await desk.lead("school", Signal.SECOND_UNPAID_ORDER)
    asked = await desk.sent(tasks.TasksEvent)
    assert [type(data) for data in asked if hasattr(data, "lead_id")] == [tasks.LeadStatusRequested]


async def test_a_lead_whose_playbook_is_not_active_raises_and_leaves_nothing(desk: Desk) -> None:
    with pytest.raises(UnknownPlaybookError, match="no active playbook 'unknown'"):
        await desk.lead("unknown")
    assert await desk.ctx.db.pool.fetchval("SELECT count(*) FROM timeline_entry") == 0


async def test_a_repeated_lead_opens_nothing_again(desk: Desk) -> None:
    received = lead("callback")
    await desk.receive(received)
    await desk.receive(received)
    assert len(await desk.tasks()) == 1


async def test_a_proposal_for_an_unknown_lead_gives_the_turn_back(desk: Desk) -> None:
    await desk.receive(proposal(uuid7(), uuid7()))
    (declined,) = await desk.sent(tasks.WorkDeclined)
    assert declined.reason == "unknown_lead"


async def test_statements_do_not_grow_with_the_batch(desk: Desk) -> None:
    counts = []
    for size in (1, 1, 50):  # the first one reads the playbook
        statements: list[str] = []
        async with desk.ctx.db.begin() as tx:
            with tx.conn.query_logger(lambda record, seen=statements: seen.append(record.query)):
                events = [desk.event(lead("callback")) for _ in range(size)]
                await advance(desk.ctx)(tx, events)
        counts.append(len(statements))
    assert counts[1] == counts[2] <= 8


async def test_an_older_state_of_an_operator_never_wins(desk: Desk) -> None:
    newer, older = (desk.event(operator(ANNA_ID, "anna", name=name)) for name in ("Новая", "Старая"))
    for event in (newer._replace(sequence=100), older._replace(sequence=99)):
        async with desk.ctx.db.begin() as tx:
            await project_operators(desk.ctx)(tx, [event])
            await tx.commit()
    assert await desk.ctx.db.pool.fetchval("SELECT name FROM operator WHERE id = $1", ANNA_ID) == "Новая"
