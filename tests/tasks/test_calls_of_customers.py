"""Calls of customers in the library's playbooks: who calls back, or could not get through, is worked at once."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from libs.common.contracts import tasks
from libs.common.contracts.intake import ContactRecorded
from libs.common.contracts.shared import ContactKind, Signal
from services.tasks.timers.actions import fire_due
from tests.tasks.client import Api
from tests.tasks.desk import ANNA_ID, Desk, contact, proposal

PLAYBOOKS = ("callback", "school")
CLOSE = """
UPDATE task SET state = 'failed', closed_at = opened_at, closed_by = 'x', closing_rule = 'x', comment = 'x'
"""


async def unanswered(desk: Desk, api: Api, lead_id: UUID) -> None:
    """Anna calls in vain, and the task waits for its next attempt."""
    await desk.pass_time(timedelta(minutes=20))
    task = await api.task(lead_id)
    if task["operator_id"] is None:
        await desk.receive(proposal(UUID(task["id"]), lead_id, task["version"]))
        task = await api.task(lead_id)
    answer = await api.outcome(task, "no_answer", call_made=True, problem="busy")
    assert answer.status_code == 200, answer.text


def called(desk: Desk, lead_id: UUID, kind: ContactKind = ContactKind.MISSED) -> ContactRecorded:
    return contact(kind=kind, lead_id=lead_id, at=desk.clock.now())


async def attempts(desk: Desk, lead_id: UUID) -> dict[str, int]:
    found: dict[str, int] = await desk.ctx.db.pool.fetchval(
        "SELECT attempts FROM process WHERE lead_id = $1", lead_id
    )
    return found


@pytest.mark.req("S0.4", "S2.10")
@pytest.mark.parametrize("playbook", PLAYBOOKS)
@pytest.mark.parametrize("kind", [ContactKind.CALL_IN, ContactKind.MISSED])
async def test_the_task_that_waits_is_given_out_at_once_and_its_attempts_stop(
    desk: Desk, api: Api, playbook: str, kind: ContactKind
) -> None:
    lead_id = await desk.lead(playbook)
    await unanswered(desk, api, lead_id)
    before, counted = await desk.sent(tasks.WorkRequested), await attempts(desk, lead_id)
    await desk.receive(called(desk, lead_id, kind))
    [asked] = (await desk.sent(tasks.WorkRequested))[len(before) :]
    assert (str(asked.task_id), asked.prefer_operator_id) == ((await api.task(lead_id))["id"], ANNA_ID)
    assert (counted, await attempts(desk, lead_id)) == ({"calls": 1}, {})


@pytest.mark.req("S0.4")
@pytest.mark.parametrize("_", range(3))
async def test_a_call_that_meets_the_task_s_own_time_asks_for_an_operator_once(
    desk: Desk, api: Api, _: int
) -> None:
    lead_id = await desk.lead("callback")
    await unanswered(desk, api, lead_id)
    before = len(await desk.sent(tasks.WorkRequested))
    desk.clock.advance(timedelta(minutes=10))
    await asyncio.gather(desk.receive(called(desk, lead_id)), fire_due(desk.ctx, 100))
    await fire_due(desk.ctx, 100)  # a timer whose process was locked waits for the next look
    assert len(await desk.sent(tasks.WorkRequested)) == before + 1


@pytest.mark.req("S2.10")
@pytest.mark.parametrize(("playbook", "kind"), [("callback", "call_back"), ("school", "process_order")])
async def test_a_missed_call_to_a_lead_that_is_over_opens_its_call_anew(
    desk: Desk, api: Api, playbook: str, kind: str
) -> None:
    lead_id = await desk.lead(playbook)
    await desk.ctx.db.pool.execute("UPDATE process SET ended_at = started_at")
    await desk.ctx.db.pool.execute(CLOSE)
    await desk.receive(called(desk, lead_id), called(desk, lead_id))
    task = await api.task(lead_id)
    assert (task["type"], task["important"]) == (kind, True)
    assert [str(each.task_id) for each in await desk.sent(tasks.WorkRequested)][-1] == task["id"]


@pytest.mark.req("S0.7", "S2.10")
@pytest.mark.parametrize("playbook", PLAYBOOKS)
async def test_a_missed_call_of_a_test_number_opens_nothing(desk: Desk, playbook: str) -> None:
    lead_id = await desk.lead(playbook, Signal.TEST_NUMBER)
    before = len(await desk.tasks())
    await desk.receive(called(desk, lead_id))
    assert len(await desk.tasks()) == before
