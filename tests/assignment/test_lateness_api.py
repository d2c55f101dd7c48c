"""Who comes late or not at all: recorded by the desk's rule, told beforehand, excused, and counted (S4.6)."""

import pytest

from tests.assignment.desk import Desk
from tests.assignment.school import RULE, Json, School

pytestmark = pytest.mark.req("S4.6")


@pytest.fixture
async def school(desk: Desk) -> School:
    school = School(desk)
    await school.open()
    return school


async def late(school: School, day: int, minutes: int | None, who: str = "ann") -> None:
    """Let an operator work the first shift of a day, so many minutes late; None: they do not come."""
    await school.plan(who, "day", day)
    if minutes is not None:
        await school.at(day, 12)
        await school.at(day, 12, minutes)
        await school.comes(who)
        await school.at(day, 15)
        assert (await school.leaves(who)).is_success
    await school.at(day, 19, 1)


async def recorded(school: School, query: str = "") -> list[Json]:
    """Return what is recorded, the oldest first."""
    return [*reversed(await school.desk.items(f"/lateness?desk=demo{query}"))]


def said(one: Json) -> tuple[object, ...]:
    fine = one["fine"] and f"{one['fine']['amount']} {one['fine']['currency']}"
    return one["state"], one["minutes"], one["step"], fine, one["repeated"]


async def test_the_first_is_a_warning_the_next_a_fine_and_more_than_an_hour_a_larger_one(school: School) -> None:
    for day, minutes in ((3, 60), (4, 5), (5, 61), (6, None)):
        await late(school, day, minutes)
    assert [said(one) for one in await recorded(school)] == [
        ("late", 60, "warning", None, False),
        ("late", 5, "fine", "500.00 RUB", False),
        ("late", 61, "fine", "1000.00 RUB", True),
        ("no_show", None, "fine", "1000.00 RUB", True),
    ]
    assert [one["minutes"] for one in await recorded(school, "&repeated=true")] == [61, None]


async def test_who_is_awaited_is_on_the_list_until_they_come(school: School) -> None:
    await school.plan("ann", "day", 3)
    await school.at(3, 12, 1)
    (awaited,) = await recorded(school, "&state=open")
    await school.comes("ann")
    (settled,) = await recorded(school)
    assert ((awaited["minutes"], awaited["step"]), said(settled)[:3]) == ((None, None), ("late", 1, "warning"))


async def test_who_comes_in_time_is_not_late(school: School) -> None:
    await late(school, 3, 0)
    assert await recorded(school) == []


async def test_what_is_told_before_the_shift_is_excused_and_counts_for_nothing(school: School) -> None:
    planned = await school.plan("ann", "day", 3)
    path = f"/schedule/{planned['id']}/late"
    told = await school.do("ann", "POST", path, {"reason": "пробки"})
    strange = await school.do("bob", "POST", path, {"reason": "пробки"}, version=2)
    await school.at(3, 12)
    after = await school.do("ann", "POST", path, {"reason": "снова"}, version=2)
    await school.at(3, 12, 40)
    await school.comes("ann")
    (first,) = await recorded(school, "&excused=true")
    await school.leaves("ann")
    await late(school, 4, 10)
    assert (told.json()["announcement"], strange.status_code, after.json()["code"]) == (
        "пробки",
        404,
        "shift_begun",
    )
    assert (said(first), first["announced"]) == (("late", 40, None, None, False), True)
    assert [one["step"] for one in await recorded(school)] == [None, "warning"]


async def test_a_planned_absence_is_no_lateness(school: School) -> None:
    await school.plan("ann", "day", 3)
    body = {
        "operator_id": str(school.ids["ann"]),
        "first_day": "2026-03-03",
        "last_day": "2026-03-03",
        "reason": "ill",
    }
    await school.desk.ok("POST", "/absences", body)
    await school.at(3, 13)
    await school.at(3, 20)
    assert await recorded(school) == []


async def test_a_supervisor_excuses_with_a_reason_and_once(school: School) -> None:
    await late(school, 3, 10)
    (first,) = await recorded(school)
    path, body = f"/lateness/{first['id']}/excuse", {"reason": "авария в метро"}
    own = await school.do("ann", "POST", path, body, version=first["version"])
    tag = {"if-match": f'"{first["version"]}"'}
    excused = await school.desk.call("POST", path, body, headers=tag)
    stale = await school.desk.call("POST", path, {"reason": "ещё раз"}, headers=tag)
    again = await school.desk.call(
        "POST", path, {"reason": "ещё раз"}, headers={"if-match": excused.headers["etag"]}
    )
    await late(school, 4, 10)
    assert [each.status_code for each in (own, excused, stale, again)] == [403, 200, 412, 409]
    assert (excused.json()["excused_by"], excused.json()["excuse"]) == ("boss", "авария в метро")
    assert [one["step"] for one in await recorded(school)] == ["warning", "warning"]


async def test_latenesses_leave_the_window(school: School) -> None:
    short = {**RULE["lateness"], "window_days": 1}
    await school.open(attendance={**RULE, "lateness": short})
    for day in (3, 5):
        await late(school, day, 10)
    assert [one["step"] for one in await recorded(school)] == ["warning", "warning"]


async def test_without_a_rule_nothing_is_recorded_and_what_was_before_it_stays_so(school: School) -> None:
    await school.open(attendance={**RULE, "lateness": None})
    await late(school, 3, None)
    await school.open()
    await school.at(3, 20)
    assert await recorded(school) == []


async def test_operators_see_their_own_lateness_alone(school: School) -> None:
    await late(school, 3, 10)
    own = [await school.desk.items("/lateness", sub=sub, roles=("operator",)) for sub in ("ann", "bob")]
    elsewhere = await school.desk.items("/lateness", desks=("cars",))
    assert ([len(each) for each in own], elsewhere) == ([1, 0], [])


@pytest.mark.parametrize(
    ("step", "code"),
    [({"step": "fine"}, "fine_has_amount"), ({"step": "warning", "amount": "1.00"}, "fine_has_amount")],
)
async def test_a_fine_has_an_amount_and_a_warning_none(school: School, step: Json, code: str) -> None:
    wrong = {"attendance": {"lateness": {"currency": "RUB", "steps": [step], "long": {"step": "warning"}}}}
    refused = await school.desk.call("POST", "/desks/demo/configuration", wrong, roles=("admin",))
    assert [fault["code"] for fault in refused.json()["errors"]] == [code]
