"""Constraints of the tables, causes of events, and the query of waiting work."""

import asyncpg
import pytest

from libs.common.contracts.assignment import WorkAssigned
from libs.common.platform.telemetry.metrics import render
from services.assignment.offers import store
from services.assignment.subscriptions import subscriptions
from tests.assignment.desk import Desk, released, requested, taken, task_id

CHAIN = "SELECT correlation_id, causation_id FROM outbox WHERE type = 'dozvon.work.assigned.v1'"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE work SET operator_id = NULL",
        "UPDATE work SET state = 'waiting'",
        "UPDATE work SET decision_id = NULL",
        "UPDATE work SET state = 'ended'",
        "UPDATE work SET state = 'offered', decision_id = NULL, turn_start = NULL, turn_cost = NULL",
        "UPDATE work SET state = 'returned', operator_id = NULL",
        "UPDATE work SET role = NULL",
        "UPDATE work SET state = 'lost'",
        "UPDATE operator SET open_work = -1",
        "UPDATE operator SET active = false",
        "UPDATE operator SET desks = '{other}'",
        "UPDATE seat SET virtual_time = floor - 1",
        "UPDATE seat SET weight = 0",
        "UPDATE decision SET operator_id = NULL",
        "UPDATE decision SET outcome = 'confirmed'",
    ],
)
async def test_impossible_states_are_refused(desk: Desk, statement: str) -> None:
    await desk.hire("ann")
    await desk.receive(requested(1))
    with pytest.raises(asyncpg.CheckViolationError):
        await desk.ctx.db.pool.execute(statement)


async def test_a_proposal_that_the_release_before_made_goes_on_as_one_that_is_held(desk: Desk) -> None:
    ann = await desk.hire("ann")
    await desk.receive(requested(1), requested(2))
    await desk.ctx.db.pool.execute("UPDATE work SET state = 'offered', untaken = false")
    first, _ = await desk.sent(WorkAssigned)
    await desk.receive(taken(1, ann), released(2, ann), requested(2, task_version=5))
    assert (await desk.states(), await desk.unbalanced()) == (["held", "held"], [])
    decisions = await desk.items(f"/decisions?task_id={first.task_id}")
    assert [each["outcome"] for each in decisions] == ["confirmed"]


async def test_a_task_has_one_assignment_at_most(desk: Desk) -> None:
    await desk.hire("ann")
    await desk.receive(requested(1))
    twin = "INSERT INTO work SELECT * FROM work"
    with pytest.raises(asyncpg.UniqueViolationError):
        await desk.ctx.db.pool.execute(twin)


async def test_an_operator_works_one_shift_at_a_time(desk: Desk) -> None:
    await desk.hire("ann")
    twin = "INSERT INTO shift SELECT uuidv7(), desk, operator_id, started_at FROM shift"
    with pytest.raises(asyncpg.UniqueViolationError):
        await desk.ctx.db.pool.execute(twin)


@pytest.mark.req("P.3")
async def test_drained_work_still_follows_its_request(desk: Desk) -> None:
    event = desk.received(requested(1))
    use_case = subscriptions(desk.ctx)[event.data.event_type]
    async with desk.ctx.db.begin() as tx:
        await use_case(tx, [event])
        await tx.commit()
    await desk.hire("ann")
    row = await desk.ctx.db.pool.fetchrow(CHAIN)
    assert tuple(row or ()) == (event.cause.correlation_id, event.event_id)


async def test_the_backlog_is_read_by_its_index(desk: Desk) -> None:
    ann = await desk.hire("ann", here=False)
    await desk.receive(*[requested(n) for n in range(1, 200)])
    pools = await desk.ctx.db.pool.fetch("SELECT id FROM pool")
    async with desk.ctx.db.pool.acquire() as conn, conn.transaction():
        await conn.execute("SET LOCAL enable_seqscan = off")
        plan = await conn.fetch(
            f"EXPLAIN {store.WAITING}", [row["id"] for row in pools], [ann], [20], [0], 20, [task_id(1)]
        )
    assert any("ix_work_waiting" in row[0] for row in plan)


async def test_decisions_are_counted_by_reason(desk: Desk) -> None:
    await desk.hire("ann", capacity=1)
    await desk.receive(requested(1), requested(2), requested(3))
    text = render(desk.ctx.core.metrics).decode()
    assert 'assignment_decisions_total{reason="least_virtual_time"} 1.0' in text
    assert 'assignment_decisions_total{reason="nobody_eligible"} 2.0' in text
