"""Nobody leaves before the next is here, nor in the middle of a conversation (S4.6)."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from libs.common.contracts.assignment import OperatorChanged, ShiftEnded, WorkAssigned
from libs.common.contracts.tasks import TaskTaken
from libs.common.testkit.database import BLOCKED
from tests.assignment.desk import Desk, completed, lead_id, requested, taken, task_id
from tests.assignment.school import ANSWER, WHOLE, School, codes
from tests.assignment.test_configuration_api import CALLS
from tests.support.patience import eventually

pytestmark = pytest.mark.req("S4.6")


@pytest.fixture
async def school(desk: Desk) -> School:
    """Ann works the first shift of 3 March and Bob the second; Eve is here without a shift."""
    school = School(desk)
    await school.open()
    await school.plan("ann", "day", 3)
    await school.plan("bob", "evening", 3)
    await school.at(3, 12)
    for who in ("ann", "eve"):
        await school.comes(who)
    return school


def answering(number: int, who: UUID) -> TaskTaken:
    """A conversation: a task to answer a customer."""
    return taken(number, who).model_copy(update={"task_type": ANSWER})


async def here(school: School) -> list[str]:
    found = await school.desk.items("/operators?presence=checked_in")
    return [str(one["subject"]) for one in found]


async def test_nobody_leaves_before_the_next_has_come(school: School) -> None:
    await school.at(3, 19, 5)
    refused = await school.leaves("ann")
    await school.comes("bob")
    left = await school.leaves("ann")
    assert (refused.status_code, refused.json()["code"], codes(refused)) == (409, "handover_due", ["next_not_here"])
    assert [one["name"] for one in refused.json()["next"]] == ["Bob"]
    assert (left.status_code, await here(school)) == (200, ["bob", "eve"])


async def test_who_is_absent_by_plan_is_not_waited_for(school: School) -> None:
    absence = {
        "operator_id": str(school.ids["bob"]),
        "reason": "vacation",
        "first_day": "2026-03-03",
        "last_day": "2026-03-03",
    }
    made = await school.desk.ok("POST", "/absences", absence)
    await school.desk.ok("POST", f"/absences/{made['id']}/cancel", {}, headers={"if-match": f'"{made["version"]}"'})
    await school.at(3, 19, 5)
    refused = await school.leaves("ann")
    await school.desk.ok("POST", "/absences", absence)
    left = await school.leaves("ann")
    assert (codes(refused), left.status_code) == (["next_not_here"], 200)


async def test_the_last_of_the_day_leaves_though_nobody_comes(school: School) -> None:
    await school.plan("ann", "day", 4)
    await school.at(3, 19)
    await school.comes("bob")
    await school.at(4, 2)
    assert (await school.leaves("bob")).status_code == 200


async def test_who_has_no_shift_leaves_when_they_like(school: School) -> None:
    assert (await school.leaves("eve")).status_code == 200


async def test_open_conversations_are_finished_or_have_an_heir_and_every_fault_is_named(school: School) -> None:
    await school.desk.receive(answering(1, school.ids["ann"]))
    await school.desk.receive(taken(2, school.ids["ann"]))
    refused = await school.leaves("ann")
    unfit = await school.leaves("ann", heir_id=str(school.ids["kim"]))
    alone = await school.leaves("ann", override="пора")
    await school.desk.receive(completed(1, school.ids["ann"]).model_copy(update={"task_type": ANSWER}))
    finished = await school.leaves("ann")
    open_now = [{"task_id": str(task_id(1)), "lead_id": str(lead_id(1))}]
    assert (codes(refused), refused.json()["conversations"]) == (["next_not_here", "open_conversations"], open_now)
    assert (codes(unfit), codes(alone), codes(finished)) == (
        ["unfit_heir", "next_not_here"],
        ["supervisors_alone"],
        ["next_not_here"],
    )


async def test_an_heir_is_said_before_the_check_out_with_what_is_theirs(school: School) -> None:
    await school.desk.receive(answering(1, school.ids["ann"]))
    await school.at(3, 19)
    await school.comes("bob")
    left = await school.leaves("ann", heir_id=str(school.ids["bob"]))
    (ended,) = await school.desk.sent(ShiftEnded)
    rows = await school.desk.ctx.db.pool.fetch("SELECT type FROM outbox ORDER BY id DESC LIMIT 2")
    said = [ended.heir_id, ended.handed, ended.actor]
    assert (left.status_code, said) == (200, [school.ids["bob"], (task_id(1),), "ann"])
    assert [row["type"] for row in rows] == [OperatorChanged.event_type, ShiftEnded.event_type]


async def test_an_heir_who_leaves_in_the_same_moment_is_none(school: School) -> None:
    people = WHOLE["operators"] | {"bob": {"name": "Bob", "pools": ["sales"]}}
    await school.open(pools={"callback": CALLS, "sales": CALLS}, operators=people)
    await school.desk.receive(answering(1, school.ids["ann"]))
    await school.at(3, 19)
    await school.comes("bob")
    pool = school.desk.ctx.db.pool
    async with pool.acquire() as conn:
        turn = conn.transaction()
        await turn.start()
        await conn.execute("UPDATE operator SET presence = 'checked_out' WHERE id = $1", school.ids["bob"])
        leaving = asyncio.create_task(school.leaves("ann", heir_id=str(school.ids["bob"])))
        await eventually(lambda: pool.fetchval(BLOCKED), lambda blocked: bool(blocked) or leaving.done())
        await turn.commit()
    assert "unfit_heir" in codes(await leaving)


async def test_pushed_work_says_whether_it_is_a_conversation(school: School) -> None:
    await school.leaves("eve")
    await school.desk.receive(requested(1, task_type=ANSWER))
    (given,) = await school.desk.sent(WorkAssigned)
    refused = await school.leaves("ann")
    assert (given.operator_id, "open_conversations" in codes(refused)) == (school.ids["ann"], True)


async def test_a_supervisor_lets_them_go_with_a_reason_that_is_kept(school: School) -> None:
    await school.desk.receive(answering(1, school.ids["ann"]))
    body = {"operator_id": str(school.ids["ann"]), "override": "заболела"}
    left = await school.desk.call("POST", "/check-out", body)
    last = "SELECT actor, reason FROM presence_change ORDER BY id DESC LIMIT 1"
    kept = await school.desk.ctx.db.pool.fetchrow(last)
    (ended,) = await school.desk.sent(ShiftEnded)
    assert (left.status_code, tuple(kept or ()), ended.heir_id) == (200, ("boss", "заболела"), None)


async def test_a_desk_without_the_rule_hands_nothing_over(school: School) -> None:
    await school.open(attendance={"handover": None})
    await school.desk.receive(answering(1, school.ids["ann"]))
    assert (await school.leaves("ann")).status_code == 200


async def test_a_day_of_the_school(desk: Desk) -> None:
    """A month from wishes, a swap, one who is late, a hand-over with an heir, and the last who closes at two."""
    school = School(desk)
    await school.open()
    said = [("2026-03-02", "evening", "cannot"), ("2026-03-03", "day", "prefer")]
    wishes = [{"day": day, "shift": shift, "wish": wish} for day, shift, wish in said]
    await school.do("ann", "PUT", "/wishes", {"desk": "demo", "month": "2026-03", "wishes": wishes})
    plan: dict[str, Any] = await desk.ok("POST", "/month-plans", {"desk": "demo", "month": "2026-03"})
    await desk.ok("POST", f"/month-plans/{plan['id']}/publish", headers={"if-match": '"1"'})
    await school.at(3, 0)
    found = await desk.items("/schedule?limit=200")
    first, second = (one for one in found if str(one["starts_at"]).startswith("2026-03-03"))
    names = {str(who): name for name, who in school.ids.items()}
    last = names[str(second["operator_id"])]
    planned = {name: await school.schedule(name) for name in names.values()}
    free = next(name for name, of in planned.items() if name not in ("ann", last) and "day 4" not in of)
    swap = {"planned_id": second["id"], "to_operator_id": str(school.ids[free])}
    asked = await school.do(last, "POST", "/swaps", swap)
    await school.do(free, "POST", f"/swaps/{asked.json()['id']}/accept")
    await school.at(3, 12)
    await school.at(3, 12, 15)
    await school.comes("ann")
    await desk.receive(answering(1, school.ids["ann"]))
    await school.at(3, 19)
    too_early = await school.leaves("ann", heir_id=str(school.ids[free]))
    await school.comes(free)
    handed = await school.leaves("ann", heir_id=str(school.ids[free]))
    await school.at(4, 2)
    closed = await school.leaves(free)
    (late,) = await desk.items("/lateness?state=late")
    assert (names[str(first["operator_id"])], late["operator_name"]) == ("ann", "Ann")
    assert (late["minutes"], late["step"]) == (15, "warning")
    assert (codes(too_early), handed.status_code, closed.status_code) == (["unfit_heir", "next_not_here"], 200, 200)
