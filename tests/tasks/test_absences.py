"""What becomes of a person's tasks while they are absent by a plan, and once they are back (S2.2, S4.6)."""

from datetime import timedelta

import pytest

from libs.common.contracts.shared import Presence
from libs.common.contracts.tasks import TaskReassigned, TaskReleased, WorkRequested
from services.tasks.moves import actions
from tests.tasks.client import Api
from tests.tasks.desk import ANNA_ID, BORIS_ID, Desk, operator, proposal
from tests.tasks.redistributing import CLARA_ID, OUT, TO_BORIS, answered, applied, owned
from tests.tasks.test_free_tasks import made

pytestmark = pytest.mark.req("S2.2", "S4.6")

ANNA, BORIS = str(ANNA_ID), str(BORIS_ID)
FOR_ANNA = {"operator_id": ANNA}
BACK = operator(ANNA_ID, "anna", version=9)
AT_HOME = operator(ANNA_ID, "anna", version=9, presence=Presence.CHECKED_OUT)


async def leaves(desk: Desk, deputy: bool = True, lasts: timedelta = timedelta(days=1)) -> None:
    """Have Anna's planned absence begin."""
    until = desk.ctx.now() + lasts
    await desk.receive(
        operator(ANNA_ID, "anna", version=5, absent_until=until, deputy_id=BORIS_ID if deputy else None)
    )


async def deputised(desk: Desk) -> None:
    """Let assignment propose the deputy, as one, for the last request."""
    asked = (await desk.sent(WorkRequested))[-1]
    one = proposal(asked.task_id, asked.lead_id, asked.task_version, BORIS_ID)
    await desk.receive(one.model_copy(update={"deputises_for": ANNA_ID}))


async def holder(api: Api, task_id: object) -> tuple[str | None, str | None]:
    """Return who has a task, and for whom they stand in."""
    task = (await api.call("GET", f"/tasks/{task_id}", role="supervisor")).json()
    return task["operator_id"], task["original_id"]


async def test_what_a_deputy_has_not_begun_goes_back_to_who_is_there_again(desk: Desk, api: Api) -> None:
    lead_id = await owned(desk, api)
    await leaves(desk)
    await deputised(desk)
    task = await api.task(lead_id)
    stood_in = await holder(api, task["id"])
    await desk.receive(AT_HOME)
    at_home = await holder(api, task["id"])
    await desk.receive(BACK)
    assert (stood_in, at_home) == ((BORIS, ANNA),) * 2
    assert await holder(api, task["id"]) == (ANNA, None)
    assert [each.reason for each in await desk.sent(TaskReassigned)] == ["back"]


async def test_who_is_away_when_an_absence_ends_gets_it_back_once_they_are_there(desk: Desk, api: Api) -> None:
    lead_id = await owned(desk, api)
    await leaves(desk)
    await deputised(desk)
    task = await api.task(lead_id)
    await desk.receive(operator(ANNA_ID, "anna", version=9, away=True))
    away = await holder(api, task["id"])
    await desk.receive(operator(ANNA_ID, "anna", version=10))
    assert (away, await holder(api, task["id"])) == ((BORIS, ANNA), (ANNA, None))


async def test_what_goes_back_is_more_than_one_transaction_moves(
    desk: Desk, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "MOST", 1)
    await leaves(desk)
    made_free = [await made(api, assignee=FOR_ANNA) for _ in range(3)]
    await desk.receive(BACK)
    at_once = [(await holder(api, task["id"]))[0] for task in made_free]
    while await actions.release_pending(desk.ctx):
        pass
    assert (at_once.count(ANNA), {(await holder(api, task["id"]))[0] for task in made_free}) == (1, {ANNA})


async def test_what_is_still_to_be_released_stays_with_who_is_back(
    desk: Desk, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "MOST", 0)
    lead_id = await owned(desk, api)
    await leaves(desk)
    await desk.receive(BACK)
    assert (await actions.release_pending(desk.ctx), (await api.task(lead_id))["operator_id"]) == (1, ANNA)


async def test_what_a_deputy_has_begun_stays_with_them(desk: Desk, api: Api) -> None:
    lead_id = await owned(desk, api)
    await leaves(desk)
    await deputised(desk)
    task = await api.task(lead_id)
    await api.call("POST", f"/tasks/{task['id']}/take", sub="boris")
    await desk.receive(BACK)
    assert await holder(api, task["id"]) == (BORIS, ANNA)


async def test_the_end_of_a_pause_takes_no_task_from_who_was_given_it_since(desk: Desk, api: Api) -> None:
    lead_id = await owned(desk, api)
    await leaves(desk)
    await deputised(desk)
    task = await api.task(lead_id)
    await api.call("POST", f"/tasks/{task['id']}/take", sub="boris")
    await desk.receive(BACK, operator(CLARA_ID, "clara"))
    task = await api.task(lead_id)
    body = {"operator_id": str(CLARA_ID), "comment": "её вопрос"}
    await api.call(
        "POST", f"/tasks/{task['id']}/assign", sub="chief", role="supervisor", json=body, version=task["version"]
    )
    given = await holder(api, task["id"])
    await desk.receive(operator(ANNA_ID, "anna", version=10, away=True))
    await desk.receive(operator(ANNA_ID, "anna", version=11))
    assert (given, await holder(api, task["id"])) == ((str(CLARA_ID), None),) * 2


async def test_a_lead_that_was_redistributed_stays_with_its_new_owner(desk: Desk, api: Api) -> None:
    lead_id = await owned(desk, api)
    await desk.receive(OUT)
    await applied(api, TO_BORIS)
    await answered(desk)
    await desk.receive(BACK)
    assert (await api.task(lead_id))["operator_id"] == BORIS


@pytest.mark.parametrize("taken", [False, True])
async def test_who_does_not_come_after_an_absence_leaves_what_is_due_later_as_at_a_check_out(
    desk: Desk, api: Api, *, taken: bool
) -> None:
    lead_id = await owned(desk, api, taken=taken)
    task = await api.task(lead_id)
    await leaves(desk, lasts=timedelta(seconds=1))  # it is due later: it has stayed
    stays = await holder(api, task["id"])
    await desk.receive(AT_HOME)
    released = [(each.task_id, each.reason) for each in await desk.sent(TaskReleased)]
    assert (stays[0], [str(task_id) for task_id, _ in released]) == (ANNA, [] if taken else [task["id"]])
    assert {reason for _, reason in released} <= {"off_shift"}


async def test_a_free_task_that_is_due_in_an_absence_is_its_deputy_s(desk: Desk, api: Api) -> None:
    await leaves(desk)
    task = await made(api, assignee=FOR_ANNA)
    assert await holder(api, task["id"]) == (BORIS, ANNA)
    await desk.receive(BACK)
    assert await holder(api, task["id"]) == (ANNA, None)


async def test_without_a_deputy_who_is_there_it_is_for_the_pool(desk: Desk, api: Api) -> None:
    await leaves(desk, deputy=False)
    task = await made(api, assignee=FOR_ANNA)
    assert await holder(api, task["id"]) == (None, ANNA)
    assert [str(each.task_id) for each in await desk.sent(WorkRequested)] == [task["id"]]


async def test_a_free_task_that_is_due_later_waits_for_its_person(desk: Desk, api: Api) -> None:
    await leaves(desk, lasts=timedelta(hours=1))
    task = await made(api, assignee=FOR_ANNA)
    waits = await holder(api, task["id"]), await desk.sent(WorkRequested)
    await desk.receive(BACK)
    assert (waits, await holder(api, task["id"])) == (((None, ANNA), []), (ANNA, None))


async def test_it_is_for_the_pool_once_it_is_due_and_its_person_is_not_back(desk: Desk, api: Api) -> None:
    await leaves(desk, lasts=timedelta(hours=1))
    task = await made(api, assignee=FOR_ANNA)
    await desk.pass_time(timedelta(hours=3))
    assert [str(each.task_id) for each in await desk.sent(WorkRequested)] == [task["id"]]
