"""Events in, events out, on a real Postgres."""

from datetime import timedelta

import pytest

from libs.common.contracts import intake, tasks
from libs.common.contracts.shared import OrderStatus, Signal
from libs.common.platform.ids import uuid7
from services.tasks.operators.actions import project_operators
from services.tasks.playbooks.waiting import UnknownPlaybookError
from services.tasks.processes.actions import advance
from tests.tasks.world import ANNA_ID, BORIS_ID, World, lead, operator, proposal


async def test_callback_lead_opens_its_task_and_asks_for_an_operator_at_once(world: World) -> None:
    lead_id = await world.lead("callback")
    (opened,) = await world.sent(tasks.TaskOpened)
    (asked,) = await world.sent(tasks.WorkRequested)
    assert (opened.lead_id, opened.task_id, opened.pool) == (lead_id, asked.task_id, "callback")


async def test_school_lead_asks_for_an_operator_only_when_the_corridor_opens(world: World) -> None:
    await world.lead("school")
    await world.pass_time(timedelta(minutes=19))
    before = await world.sent(tasks.WorkRequested)
    await world.pass_time(timedelta(minutes=1))
    assert (before, len(await world.sent(tasks.WorkRequested))) == ([], 1)


async def test_proposal_makes_the_operator_own_task_and_lead(world: World) -> None:
    lead_id = await world.lead("callback")
    (asked,) = await world.sent(tasks.WorkRequested)
    await world.receive(proposal(asked.task_id, lead_id, asked.task_version))
    (assigned,) = await world.sent(tasks.TaskAssigned)
    (owned,) = await world.sent(tasks.LeadOwnerChanged)
    assert (assigned.operator_id, owned.to_operator_id) == (ANNA_ID, ANNA_ID)


async def test_second_proposal_for_a_task_is_declined(world: World) -> None:
    lead_id = await world.lead("callback")
    (asked,) = await world.sent(tasks.WorkRequested)
    first, second = (proposal(asked.task_id, lead_id, operator_id=who) for who in (ANNA_ID, BORIS_ID))
    await world.receive(first, second)
    (declined,) = await world.sent(tasks.WorkDeclined)
    assert (declined.operator_id, declined.reason) == (BORIS_ID, "already_assigned")


async def test_message_request_is_self_contained(world: World) -> None:
    await world.lead("school")
    (asked,) = await world.sent(tasks.MessageRequested)
    assert asked.person.phone == "+79990000001"
    assert asked.variables == {
        "order_number": "1042",
        "amount": "4\xa0990\xa0₽",
        "items": "Курс",
        "payment_link": "https://pay.example/42",
        "desk_title": "Демо",
    }


async def test_payment_in_the_same_batch_as_the_lead_opens_and_completes_its_task(world: World) -> None:
    received = lead("school")
    paid = intake.OrderChanged(
        lead_id=received.lead_id,
        order_id=received.order_id,
        order_number="1042",
        external_id=received.external_id,
        from_status=OrderStatus.NEW,
        to_status=OrderStatus.PAID,
    )
    await world.receive(received, paid)
    (ended,) = await world.sent(tasks.TaskCompleted)
    assert (ended.actor, [s.status for s in await world.sent(tasks.LeadStatusRequested)]) == (
        "system",
        ["new", "paid"],
    )


async def test_second_unpaid_order_asks_for_false_alone(world: World) -> None:
    await world.lead("school", Signal.SECOND_UNPAID_ORDER)
    asked = await world.sent(tasks.TasksEvent)
    assert [type(data) for data in asked if not isinstance(data, tasks.DeskChanged | tasks.PlaybookActivated)] == [
        tasks.LeadStatusRequested
    ]


async def test_a_lead_whose_playbook_is_not_active_raises_and_leaves_nothing(world: World) -> None:
    with pytest.raises(UnknownPlaybookError, match="no active playbook 'unknown'"):
        await world.lead("unknown")
    assert await world.ctx.db.pool.fetchval("SELECT count(*) FROM timeline_entry") == 0


async def test_a_repeated_lead_opens_nothing_again(world: World) -> None:
    received = lead("callback")
    await world.receive(received)
    await world.receive(received)
    assert len(await world.sent(tasks.TaskOpened)) == 1


async def test_a_proposal_for_an_unknown_lead_gives_the_turn_back(world: World) -> None:
    await world.receive(proposal(uuid7(), uuid7()))
    (declined,) = await world.sent(tasks.WorkDeclined)
    assert declined.reason == "unknown_lead"


async def test_statements_do_not_grow_with_the_batch(world: World) -> None:
    counts = []
    for size in (1, 1, 50):  # the first one reads the playbook
        statements: list[str] = []
        async with world.ctx.db.begin() as tx:
            with tx.conn.query_logger(lambda record, seen=statements: seen.append(record.query)):
                events = [world.event(lead("callback")) for _ in range(size)]
                await advance(world.ctx)(tx, events)
        counts.append(len(statements))
    assert counts[1] == counts[2] <= 8


async def test_an_older_state_of_an_operator_never_wins(world: World) -> None:
    newer, older = (world.event(operator(ANNA_ID, "anna", name=name)) for name in ("Новая", "Старая"))
    for event in (newer._replace(sequence=100), older._replace(sequence=99)):
        async with world.ctx.db.begin() as tx:
            await project_operators(world.ctx)(tx, [event])
            await tx.commit()
    assert await world.ctx.db.pool.fetchval("SELECT name FROM operator WHERE id = $1", ANNA_ID) == "Новая"
