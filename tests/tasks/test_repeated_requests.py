"""A request for an operator of which nothing is heard is repeated after ten minutes (P.2)."""

from datetime import timedelta

import pytest

from libs.common.contracts import tasks
from libs.common.contracts.assignment import WorkWaiting
from libs.common.platform.ids import uuid7
from tests.tasks.client import Api
from tests.tasks.desk import ANNA_ID, Desk, proposal

SOON = timedelta(minutes=10)


async def asked(desk: Desk) -> tasks.WorkRequested:
    await desk.lead("callback")
    return (await desk.sent(tasks.WorkRequested))[-1]


def repeats(desk: Desk) -> float:
    return desk.ctx.core.metrics.get_sample_value("tasks_work_requests_repeated_total") or 0.0


def waiting(work: tasks.WorkRequested) -> WorkWaiting:
    return WorkWaiting(
        task_id=work.task_id, lead_id=work.lead_id, pool=work.pool, decision_id=uuid7(), candidates=()
    )


@pytest.mark.req("P.2")
async def test_a_request_that_is_not_answered_is_repeated_in_the_same_version(desk: Desk) -> None:
    work = await asked(desk)
    await desk.pass_time(SOON)
    again = (await desk.sent(tasks.WorkRequested))[-1]
    assert (again.task_id, again.task_version) == (work.task_id, work.task_version)
    assert (len(await desk.sent(tasks.WorkRequested)), repeats(desk)) == (2, 1)


async def test_it_is_repeated_until_it_is_answered(desk: Desk) -> None:
    work = await asked(desk)
    for _ in range(3):
        await desk.pass_time(SOON)
    await desk.receive(proposal(work.task_id, work.lead_id, work.task_version))
    await desk.pass_time(SOON)
    assert repeats(desk) == 3


async def test_nothing_is_repeated_before_its_time(desk: Desk) -> None:
    await asked(desk)
    await desk.pass_time(SOON - timedelta(seconds=1))
    assert repeats(desk) == 0


async def test_a_request_that_is_answered_is_not_repeated(desk: Desk) -> None:
    work = await asked(desk)
    await desk.receive(proposal(work.task_id, work.lead_id))
    await desk.pass_time(timedelta(hours=5))
    assert repeats(desk) == 0


async def test_a_request_that_waits_is_not_repeated(desk: Desk) -> None:
    await desk.receive(waiting(await asked(desk)))
    await desk.pass_time(timedelta(hours=5))
    assert repeats(desk) == 0


async def test_work_that_was_taken_meanwhile_is_not_asked_for_again(desk: Desk, api: Api) -> None:
    work = await asked(desk)
    await api.call("POST", f"/tasks/{work.task_id}/take")
    await desk.pass_time(timedelta(hours=5))
    assert repeats(desk) == 0


async def test_an_answer_that_comes_twice_is_accepted_once_and_declined_never(desk: Desk) -> None:
    work = await asked(desk)
    answer = proposal(work.task_id, work.lead_id)
    await desk.receive(answer)
    await desk.receive(answer)
    assert [event.operator_id for event in await desk.sent(tasks.TaskAssigned)] == [ANNA_ID]
    assert await desk.sent(tasks.WorkDeclined) == []


async def test_another_answer_to_what_was_assigned_is_declined(desk: Desk) -> None:
    work = await asked(desk)
    for _ in range(2):
        await desk.receive(proposal(work.task_id, work.lead_id))
    assert len(await desk.sent(tasks.WorkDeclined)) == 1
