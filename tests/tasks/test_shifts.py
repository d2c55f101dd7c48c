"""What shifts mean to tasks: the team is told who has come, and conversations go to an heir (S4.6)."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from libs.common.contracts import tasks
from libs.common.contracts.assignment import ShiftEnded, ShiftStarted
from libs.common.contracts.shared import Presence
from tests.tasks.client import Api, Json
from tests.tasks.desk import ANNA_ID, BORIS_ID, Desk, operator
from tests.tasks.support import LIBRARY
from tests.tasks.test_releases import assigned, taken

pytestmark = pytest.mark.req("S4.6")

ARRIVAL = (LIBRARY / "arrival.yaml").read_text("utf-8")


async def test_the_team_is_told_each_time_that_somebody_has_come(desk: Desk) -> None:
    await desk.activate_playbook(ARRIVAL)
    for _ in range(2):
        await desk.receive(ShiftStarted(operator_id=ANNA_ID, at=desk.ctx.now()))
        await desk.pass_time(timedelta(hours=12))
    first, second = await desk.sent(tasks.MessageRequested)
    assert (first.template, first.channels, first.to_customer) == ("on_place", ("team",), False)
    assert first.variables["operator_name"] == "Anna"
    assert first.dedupe_key != second.dedupe_key


async def test_without_a_playbook_for_it_nobody_is_told(desk: Desk) -> None:
    await desk.receive(ShiftStarted(operator_id=ANNA_ID, at=desk.ctx.now()))
    assert await desk.sent(tasks.MessageRequested) == []


async def leave(desk: Desk, task: Json, heir: UUID) -> None:
    """Let Anna check out, as assignment says it."""
    handed = (UUID(task["id"]),)
    ended = ShiftEnded(operator_id=ANNA_ID, at=desk.ctx.now(), heir_id=heir, handed=handed, actor="anna")
    await desk.receive(ended)
    await desk.receive(operator(ANNA_ID, "anna", presence=Presence.CHECKED_OUT, version=2))


@pytest.mark.parametrize("begin", [assigned, taken])
async def test_a_conversation_goes_to_its_heir_before_anything_is_released(
    desk: Desk, api: Api, begin: object
) -> None:
    task = await begin(desk, api)  # type: ignore[operator] # one of two functions
    await leave(desk, task, BORIS_ID)
    (moved,) = await desk.sent(tasks.TaskReassigned)
    assert (moved.from_operator_id, moved.to_operator_id, moved.reason) == (ANNA_ID, BORIS_ID, "handed_over")
    assert (moved.actor, await desk.sent(tasks.TaskReleased)) == (str(ANNA_ID), [])
    assert (await api.task(UUID(task["lead_id"])))["operator_id"] == str(BORIS_ID)


async def test_what_an_heir_may_not_have_is_released_like_all_else(desk: Desk, api: Api) -> None:
    task = await assigned(desk, api)
    await leave(desk, task, uuid4())
    (released,) = await desk.sent(tasks.TaskReleased)
    assert (await desk.sent(tasks.TaskReassigned), released.reason) == ([], "off_shift")


@pytest.mark.parametrize("gone", [{"presence": Presence.CHECKED_OUT}, {"away": True}])
async def test_an_heir_who_has_left_meanwhile_is_given_nothing(desk: Desk, api: Api, gone: Json) -> None:
    task = await assigned(desk, api)
    await desk.receive(operator(BORIS_ID, "boris", version=2, **gone))
    await leave(desk, task, BORIS_ID)
    (released,) = await desk.sent(tasks.TaskReleased)
    assert (await desk.sent(tasks.TaskReassigned), released.reason) == ([], "off_shift")


async def test_pushed_work_says_the_type_of_its_task(desk: Desk) -> None:
    await desk.lead("callback")
    (asked,) = await desk.sent(tasks.WorkRequested)
    assert asked.task_type == "call_back"
