"""Concurrent connections: a task never has two operators (docs/adr/0006)."""

from collections.abc import Awaitable
from uuid import UUID

import asyncpg
import pytest

from libs.common.contracts import Cause, tasks
from libs.common.platform.auth.principal import Principal, Role
from services.tasks.engine.events import Taken
from services.tasks.engine.facts import Subject
from services.tasks.engine.state import Operator, OperatorId
from services.tasks.errors import TakenByOtherError
from services.tasks.processes.batch import Batch
from services.tasks.processes.rules import Address
from services.tasks.processes.store import LostRaceError
from services.tasks.tasks.actions import take
from tests.tasks.desk import ANNA_ID, BORIS_ID, Desk, proposal
from tests.tasks.races import both


def caller(sub: str) -> Principal:
    return Principal(sub, frozenset({Role.OPERATOR}), frozenset({"demo"}))


async def kinds(desk: Desk, *calls: Awaitable[object]) -> list[type]:
    """Start all actions at once; return the types of their results."""
    return [type(answer) for answer in await both(desk, *calls)]


async def task_of(desk: Desk, lead_id: UUID) -> UUID:
    found: UUID = await desk.ctx.db.pool.fetchval("SELECT id FROM task WHERE lead_id = $1", lead_id)
    return found


@pytest.mark.parametrize("_", range(5))
async def test_of_two_who_take_at_once_one_gets_the_task(desk: Desk, _: int) -> None:
    task_id = await task_of(desk, await desk.lead("callback"))
    answers = await kinds(desk, *(take(desk.ctx, caller(sub), task_id, Cause.fresh()) for sub in ("anna", "boris")))
    assert answers.count(TakenByOtherError) == 1
    assert len(await desk.sent(tasks.TaskTaken)) == 1


@pytest.mark.parametrize("_", range(5))
async def test_a_proposal_and_a_taking_at_once_leave_one_operator(desk: Desk, _: int) -> None:
    lead_id = await desk.lead("callback")
    task_id = await task_of(desk, lead_id)
    taking = take(desk.ctx, caller("boris"), task_id, Cause.fresh())
    await both(desk, taking, desk.receive(proposal(task_id, lead_id)))
    assigned = [data.operator_id for data in await desk.sent(tasks.TaskAssigned)]
    taken = [data.operator_id for data in await desk.sent(tasks.TaskTaken)]
    declined = [data.operator_id for data in await desk.sent(tasks.WorkDeclined)]
    assert (assigned, taken, declined) in (([ANNA_ID], [], []), ([], [BORIS_ID], [ANNA_ID]))


async def test_the_statement_itself_refuses_what_another_wrote_meanwhile(desk: Desk) -> None:
    lead_id = await desk.lead("callback")
    task_id = await task_of(desk, lead_id)
    async with desk.ctx.db.begin() as tx:
        batch = Batch(desk.ctx, tx)
        await batch.load(addresses=[Address(Subject.lead(lead_id))])
        await tx.conn.execute("UPDATE task SET version = version + 1, operator_id = $1", BORIS_ID)
        process = batch.main(Subject.lead(lead_id))
        assert process is not None
        batch.apply(process, Taken(task_id, Operator(OperatorId(ANNA_ID), "Anna")), Cause.fresh())
        with pytest.raises(LostRaceError):
            await batch.save()


async def test_the_due_time_of_a_task_cannot_be_edited(desk: Desk) -> None:
    await desk.lead("callback")
    with pytest.raises(asyncpg.CheckViolationError, match="never edited"):
        await desk.ctx.db.pool.execute("UPDATE task SET due_at = due_at + interval '1 hour'")
