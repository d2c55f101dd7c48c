"""A month planned from wishes: proposed, edited, published, and shown on one board (S4.6)."""

import asyncio

import pytest

from tests.assignment.desk import Desk
from tests.assignment.school import EACH_DAY, WHOLE, Json, School, codes

pytestmark = pytest.mark.req("S4.6")

APRIL = {"desk": "demo", "month": "2026-04"}


@pytest.fixture
async def school(desk: Desk) -> School:
    school = School(desk)
    await school.open()
    return school


async def wish(school: School, who: str, **wishes: str) -> None:
    """Say an operator's wishes for April, such as `day3="cannot"`."""
    said = [
        {"day": f"2026-04-{int(name.lstrip('adeginvy')):02}", "shift": name.rstrip("0123456789"), "wish": kind}
        for name, kind in wishes.items()
    ]
    answer = await school.do(who, "PUT", "/wishes", {**APRIL, "wishes": said})
    assert answer.status_code == 200, answer.text


async def act(school: School, plan: Json, step: str = "", **body: object) -> Json:
    """Edit (no step), publish or discard a plan."""
    tag = {"if-match": f'"{plan["version"]}"'}
    path = f"/month-plans/{plan['id']}"
    method, sent = ("POST", None) if step else ("PATCH", body)
    answer = await school.desk.call(method, f"{path}/{step}" if step else path, sent, headers=tag)
    return {**answer.json(), "said": answer.status_code}


def who_works(school: School, plan: Json, day: int, shift: str) -> list[str]:
    names = {str(who): name for name, who in school.ids.items()}
    at = f"2026-04-{day:02}"
    return sorted(names[one["operator_id"]] for one in plan["places"] if (one["day"], one["shift"]) == (at, shift))


async def test_a_month_is_proposed_from_wishes_and_absences_and_spread_evenly(school: School) -> None:
    await wish(school, "ann", day1="prefer", day2="cannot", evening2="cannot")
    days = {"first_day": "2026-04-10", "last_day": "2026-04-20", "reason": "отпуск"}
    await school.desk.ok("POST", "/absences", {"operator_id": str(school.ids["bob"]), **days})
    plan: Json = await school.desk.ok("POST", "/month-plans", APRIL)
    per_person = [sum(one["operator_id"] == str(who) for one in plan["places"]) for who in school.ids.values()]
    off = {*range(9, 21)}  # the evening of the ninth reaches into the first day
    bobs = {int(one["day"][-2:]) for one in plan["places"] if one["operator_id"] == str(school.ids["bob"])}
    assert (who_works(school, plan, 1, "day"), plan["uncovered"], plan["unkept"]) == (["ann"], [], [])
    assert (len(plan["places"]), max(per_person) - min(per_person) <= 2, bobs & (off - {9})) == (60, True, set())
    assert await school.schedule("ann") == []


async def test_a_published_plan_is_the_schedule_and_leaves_nothing_to_plan(school: School) -> None:
    plan: Json = await school.desk.ok("POST", "/month-plans", APRIL)
    published = await act(school, plan, "publish")
    again: Json = await school.desk.ok("POST", "/month-plans", APRIL)
    planned = [each for who in school.ids for each in await school.schedule(who)]
    closed = await act(school, published, "discard")
    assert (published["state"], published["uncovered"], len(planned), again["places"]) == ("published", [], 60, [])
    assert (closed["said"], closed["code"]) == (409, "plan_over")


async def test_a_supervisor_breaks_wishes_and_rest_and_it_is_said_where(school: School) -> None:
    await wish(school, "ann", evening1="cannot", day2="prefer")
    plan: Json = await school.desk.ok("POST", "/month-plans", APRIL)
    ann = str(school.ids["ann"])
    places = [
        {"day": "2026-04-01", "shift": "evening", "operator_id": ann},
        {"day": "2026-04-02", "shift": "day", "operator_id": ann},
    ]
    await school.open(attendance={"rest": 660})
    edited = await act(school, plan, places=places)
    assert [(one["day"], one["wish"]) for one in edited["unkept"]] == [("2026-04-01", "cannot")]
    assert [one["day"] for one in edited["short_rest"]] == ["2026-04-02"]
    assert (len(edited["uncovered"]), edited["version"]) == (58, 2)


async def test_what_a_plan_cannot_have_is_refused_with_every_fault(school: School) -> None:
    plan: Json = await school.desk.ok("POST", "/month-plans", {**APRIL, "month": "2026-03"})
    ann, bob = str(school.ids["ann"]), str(school.ids["bob"])
    await school.plan("ann", "day", 5)
    days = {"first_day": "2026-03-06", "last_day": "2026-03-06", "reason": "ill"}
    await school.desk.ok("POST", "/absences", {"operator_id": ann, **days})
    wanted = [
        ("2026-03-05", "day", ann),
        ("2026-03-06", "day", ann),
        ("2026-03-01", "day", bob),
        ("2026-03-07", "night", bob),
        ("2026-03-08", "day", str(plan["id"])),
        *[("2026-03-09", "day", bob)] * 2,
    ]
    places = [{"day": day, "shift": shift, "operator_id": who} for day, shift, who in wanted]
    refused = await act(school, plan, places=places)
    found = [(fault["pointer"], fault["code"]) for fault in refused["errors"]]
    assert found == [
        ("/places/0/operator_id", "overlaps"),
        ("/places/1/operator_id", "absent"),
        ("/places/2/day", "in_the_past"),
        ("/places/3/shift", "unknown_shift"),
        ("/places/4/operator_id", "unfit_operator"),
        ("/places/6/operator_id", "overlaps"),
    ]


async def test_a_plan_of_as_many_places_as_it_may_have_is_read(school: School) -> None:
    plan: Json = await school.desk.ok("POST", "/month-plans", APRIL)
    place = {"day": "2026-04-01", "shift": "s" * 64, "operator_id": str(school.ids["ann"])}
    refused = await act(school, plan, places=[place] * 10_000)
    assert (refused["said"], {fault["code"] for fault in refused["errors"]}) == (422, {"unknown_shift"})


async def test_what_has_changed_since_the_proposal_is_named_when_it_is_published(school: School) -> None:
    plan: Json = await school.desk.ok("POST", "/month-plans", APRIL)
    first = plan["places"][0]
    days = {"first_day": first["day"], "last_day": first["day"], "reason": "ill"}
    await school.desk.ok("POST", "/absences", {"operator_id": first["operator_id"], **days})
    refused = await act(school, plan, "publish")
    assert (refused["said"], refused["errors"][0]["code"], await school.schedule("ann")) == (422, "absent", [])


async def test_two_who_publish_one_plan_at_once_plan_it_once(school: School) -> None:
    plan: Json = await school.desk.ok("POST", "/month-plans", APRIL)
    answers = await asyncio.gather(*(act(school, plan, "publish") for _ in range(2)))
    assert sorted(each["said"] for each in answers) == [200, 412]
    assert sum([len(await school.schedule(who)) for who in school.ids]) == 60


async def test_there_is_one_draft_of_a_month_and_a_discarded_one_makes_room(school: School) -> None:
    plan: Json = await school.desk.ok("POST", "/month-plans", APRIL)
    second = await school.desk.call("POST", "/month-plans", APRIL)
    await act(school, plan, "discard")
    third = await school.desk.call("POST", "/month-plans", APRIL)
    states = [str(one["state"]) for one in await school.desk.items("/month-plans?desk=demo&month=2026-04")]
    assert (second.json()["code"], second.json()["existing"], third.status_code) == (
        "already_exists",
        plan["id"],
        201,
    )
    assert sorted(states) == ["discarded", "draft"]


async def test_the_first_night_of_summer_time_is_an_hour_shorter(desk: Desk) -> None:
    school = School(desk)
    shifts = {"night": {**WHOLE["shifts"]["evening"], "starts": "22:00", "ends": "06:00", "needed": EACH_DAY}}
    await school.open(zone="Europe/Berlin", shifts=shifts)
    plan: Json = await desk.ok("POST", "/month-plans", {**APRIL, "month": "2026-03"})
    spans = {one["day"]: (one["starts_at"][11:16], one["ends_at"][11:16]) for one in plan["places"]}
    assert (spans["2026-03-27"], spans["2026-03-28"]) == (("21:00", "05:00"), ("21:00", "04:00"))


async def test_wishes_are_of_the_month_of_known_shifts_and_said_once(school: School) -> None:
    wishes = [
        {"day": "2026-05-01", "shift": "day", "wish": "can"},
        {"day": "2026-04-02", "shift": "night", "wish": "can"},
        *[{"day": "2026-04-03", "shift": "day", "wish": "prefer"}] * 2,
    ]
    refused = await school.do("ann", "PUT", "/wishes", {**APRIL, "wishes": wishes})
    past = await school.do(
        "ann", "PUT", "/wishes",
        {"desk": "demo", "month": "2026-03", "wishes": [{"day": "2026-03-01", "shift": "day", "wish": "can"}]},
    )  # fmt: skip
    assert (codes(refused), codes(past)) == (["other_month", "unknown_shift", "named_twice"], ["in_the_past"])


async def test_wishes_are_one_s_own_and_a_supervisor_sees_and_says_all(school: School) -> None:
    await wish(school, "ann", day1="prefer", day2="cannot")
    await wish(school, "ann", day3="can")
    others = {**APRIL, "operator_id": str(school.ids["ann"]), "wishes": []}
    strange = await school.do("bob", "PUT", "/wishes", others)
    own = [await school.desk.items("/wishes", sub=sub, roles=("operator",)) for sub in ("ann", "bob")]
    seen = await school.desk.items("/wishes?desk=demo&month=2026-04")
    cleared = await school.desk.ok("PUT", "/wishes", others)
    assert (strange.status_code, [len(each) for each in own], cleared["wishes"]) == (404, [1, 0], [])
    assert [(one["operator_name"], one["day"]) for one in seen] == [("Ann", "2026-04-03")]


async def test_operators_neither_plan_nor_see_plans(school: School) -> None:
    made = await school.do("ann", "POST", "/month-plans", APRIL)
    seen = await school.do("ann", "GET", "/month-plans")
    assert (made.status_code, seen.status_code) == (403, 403)


async def test_the_board_of_a_month_shows_who_came_was_late_and_is_absent(school: School) -> None:
    await school.plan("ann", "day", 3)
    await school.plan("bob", "evening", 3)
    days = {"first_day": "2026-03-05", "last_day": "2026-03-06", "reason": "отпуск"}
    await school.desk.ok("POST", "/absences", {"operator_id": str(school.ids["eve"]), **days})
    await school.at(3, 12, 20)
    await school.comes("ann")
    await school.at(4, 2, 1)
    board: Json = await school.desk.ok("GET", "/schedule/month?desk=demo&month=2026-03")
    days_of = {one["operator_name"]: one["days"] for one in board["people"]}
    (ann,), (bob,), eve = days_of["Ann"], days_of["Bob"], days_of["Eve"]
    assert (ann["day"], ann["planned"][0]["late"], len(ann["worked"])) == ("2026-03-03", 20, 1)
    assert (bob["day"], bob["planned"][0]["no_show"], bob["planned"][0]["state"]) == ("2026-03-03", True, "missed")
    assert ([one["absent"] for one in eve], days_of["Kim"]) == (["отпуск", "отпуск"], [])
    own: Json = await school.desk.ok(
        "GET", "/schedule/month?desk=demo&month=2026-03", sub="bob", roles=("operator",)
    )
    assert [one["operator_name"] for one in own["people"]] == ["Bob"]
