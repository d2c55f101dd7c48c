"""Shifts that operators give to others who agree, or exchange with them (S4.6)."""

import asyncio

import pytest

from libs.common.contracts.attention import AssignmentAttentionCleared, AssignmentAttentionRaised
from tests.assignment.desk import Desk
from tests.assignment.school import Json, School, codes

pytestmark = pytest.mark.req("S4.6")


@pytest.fixture
async def school(desk: Desk) -> School:
    school = School(desk)
    await school.open()
    return school


async def asked(school: School, planned: Json, to: str, who: str = "ann", **more: object) -> Json:
    body = {"planned_id": planned["id"], "to_operator_id": str(school.ids[to]), **more}
    made = await school.do(who, "POST", "/swaps", body)
    assert made.status_code == 201, made.text
    found: Json = made.json()
    return found


async def test_an_accepted_shift_changes_hands_and_no_week_brings_it_back(school: School) -> None:
    swap = await asked(school, await school.plan("ann", "day", 3), "bob")
    accepted = await school.do("bob", "POST", f"/swaps/{swap['id']}/accept")
    assert (accepted.json()["state"], accepted.json()["answered_by"]) == ("accepted", "bob")
    assert [await school.schedule(who) for who in ("ann", "bob")] == [[], ["day 3"]]


async def test_an_exchange_changes_both_at_once(school: School) -> None:
    mine, theirs = await school.plan("ann", "day", 3), await school.plan("bob", "evening", 3)
    swap = await asked(school, mine, "bob", in_return_id=theirs["id"])
    await school.do("bob", "POST", f"/swaps/{swap['id']}/accept")
    assert [await school.schedule(who) for who in ("ann", "bob")] == [["evening 3"], ["day 3"]]


async def test_who_is_asked_has_a_task_until_they_answer(school: School) -> None:
    swap = await asked(school, await school.plan("ann", "day", 3), "bob")
    await school.look()
    (raised,) = await school.desk.sent(AssignmentAttentionRaised)
    await school.do("bob", "POST", f"/swaps/{swap['id']}/refuse")
    await school.look()
    assert (raised.kind, raised.assignee_id, "Ann" in raised.title.en) == ("swaps", school.ids["bob"], True)
    assert [each.ref for each in await school.desk.sent(AssignmentAttentionCleared)] == [swap["id"]]
    assert await school.schedule("ann") == ["day 3"]


async def test_a_swap_is_over_when_its_shift_begins_or_is_cancelled(school: School) -> None:
    first, second = [await school.plan("ann", "day", day) for day in (3, 4)]
    swaps = [await asked(school, planned, "bob") for planned in (first, second)]
    cancelled = await school.desk.call("POST", f"/schedule/{second['id']}/cancel", headers={"if-match": '"1"'})
    await school.at(3, 12)
    late = await school.do("bob", "POST", f"/swaps/{swaps[0]['id']}/accept", version=2)
    states = [one["state"] for one in await school.desk.items("/swaps")]
    assert (cancelled.status_code, states, late.json()["code"]) == (200, ["expired", "expired"], "swap_over")


async def test_only_who_is_asked_answers_and_only_who_asked_or_a_supervisor_withdraws(school: School) -> None:
    swap = await asked(school, await school.plan("ann", "day", 3), "bob")
    path = f"/swaps/{swap['id']}"
    tried = [
        await school.do("ann", "POST", f"{path}/accept"),
        await school.do("eve", "POST", f"{path}/accept"),
        await school.do("bob", "POST", f"{path}/withdraw"),
        await school.desk.call("POST", f"{path}/withdraw", headers={"if-match": '"1"'}),
        await school.do("bob", "POST", f"{path}/accept", version=2),
    ]
    assert [each.json().get("code") for each in tried] == ["not_yours", "not_found", "not_yours", None, "swap_over"]


async def test_what_cannot_be_asked_is_refused_with_every_fault(school: School) -> None:
    mine, other = await school.plan("ann", "day", 3), await school.plan("eve", "day", 4)
    body = {"planned_id": mine["id"], "to_operator_id": str(school.ids["ann"]), "in_return_id": other["id"]}
    refused = await school.do("ann", "POST", "/swaps", body)
    strange = await school.do("bob", "POST", "/swaps", {**body, "to_operator_id": str(school.ids["eve"])})
    await asked(school, mine, "bob")
    twice = await school.do(
        "ann", "POST", "/swaps", {"planned_id": mine["id"], "to_operator_id": str(school.ids["bob"])}
    )
    assert codes(refused) == ["unfit_operator", "not_theirs"]
    assert (strange.status_code, twice.json()["code"]) == (404, "already_exists")


async def test_nobody_accepts_a_shift_beside_another_or_in_an_absence(school: School) -> None:
    mine = await school.plan("ann", "day", 3)
    await school.plan("bob", "day", 3)
    days = {"first_day": "2026-03-03", "last_day": "2026-03-03", "reason": "ill"}
    await school.desk.ok("POST", "/absences", {"operator_id": str(school.ids["eve"]), **days})
    found = []
    for who in ("bob", "eve"):
        swap = await asked(school, mine, who)
        found.append(codes(await school.do(who, "POST", f"/swaps/{swap['id']}/accept")))
    assert (found, await school.schedule("ann")) == ([["overlaps"], ["absent"]], ["day 3"])


@pytest.mark.parametrize("tries", range(3))
async def test_of_two_who_accept_one_shift_at_once_one_has_it(school: School, tries: int) -> None:
    mine = await school.plan("ann", "day", 3 + tries)
    people = ("bob", "eve", "kim")
    swaps = [await asked(school, mine, who) for who in people]
    answers = await asyncio.gather(
        *(school.do(who, "POST", f"/swaps/{swap['id']}/accept") for who, swap in zip(people, swaps, strict=True))
    )
    assert sorted(each.status_code for each in answers) == [200, 409, 409]
    assert sorted([await school.schedule(who) for who in ("ann", *people)], key=len)[:3] == [[], [], []]


async def test_two_swaps_that_cross_leave_each_shift_with_one(school: School) -> None:
    mine, theirs = await school.plan("ann", "day", 3), await school.plan("bob", "evening", 3)
    one = await asked(school, mine, "bob", in_return_id=theirs["id"])
    other = await asked(school, theirs, "ann", "bob", in_return_id=mine["id"])
    answers = await asyncio.gather(
        school.do("bob", "POST", f"/swaps/{one['id']}/accept"),
        school.do("ann", "POST", f"/swaps/{other['id']}/accept"),
    )
    assert sorted(each.status_code for each in answers) == [200, 409]
    assert [await school.schedule(who) for who in ("ann", "bob")] == [["evening 3"], ["day 3"]]
