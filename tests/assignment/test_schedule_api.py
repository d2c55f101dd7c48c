"""Who is to work when, who is there and who is not, over HTTP (S2.2, S4.6)."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from libs.common.contracts.attention import AssignmentAttentionCleared, AssignmentAttentionRaised
from libs.common.contracts.desks import DeskChanged
from libs.common.contracts.shared import Language, Text
from libs.common.platform.attention.watch import look
from libs.common.platform.clock import ManualClock
from services.assignment.app import SAY
from services.assignment.attention import KINDS
from services.assignment.schedule.actions import plan_ahead, watch
from tests.assignment.desk import Desk
from tests.assignment.operators import NOW
from tests.assignment.test_configuration_api import CALLS, planned_and_applied

MOSCOW = DeskChanged(
    code="demo", title=Text(ru="Продажи", en="Sales"), zone="Europe/Moscow", languages=(Language.RU,), calendar=()
)
TITLE = {"ru": "Дневная", "en": "Day"}
EACH_DAY = {day: ["ann"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
WHOLE: dict[str, Any] = {
    "pools": {"callback": CALLS},
    "operators": {"ann": {"name": "Анна", "pools": ["callback"]}, "bob": {"name": "Борис"}},
    "shifts": {"day": {"title": TITLE, "starts": "09:00", "ends": "18:00", "week": EACH_DAY}},
}

pytestmark = pytest.mark.req("S2.2")


#: From noon of a Monday in Moscow until the first shift begins.
FIRST = timedelta(hours=21)


def pass_time(desk: Desk, delta: timedelta) -> None:
    clock = desk.ctx.core.clock
    assert isinstance(clock, ManualClock)
    clock.advance(delta)


async def set_up(desk: Desk, **changes: object) -> None:
    await desk.receive(MOSCOW)
    applied = await planned_and_applied(desk, {**WHOLE, **changes})
    assert applied.status_code == 200, applied.text


@pytest.mark.req("S4.6")
async def test_a_week_that_came_before_its_desks_clock_is_planned_once_that_is_known(desk: Desk) -> None:
    applied = await planned_and_applied(desk, WHOLE)
    before = await desk.items("/schedule")
    await desk.receive(MOSCOW)
    planned = await desk.items("/schedule")
    assert (applied.status_code, before, {one["title"] for one in planned}) == (200, [], {TITLE["ru"]})
    assert (len(planned), await plan_ahead(desk.ctx)) == (14, 0)


async def looked(desk: Desk) -> None:
    await watch(desk.ctx)
    await look(desk.ctx.db, KINDS, SAY, desk.ctx.now())


async def first(desk: Desk) -> dict[str, Any]:
    """Look, and return the first shift of the plan."""
    await looked(desk)
    return (await desk.items("/schedule"))[0]


def single(desk_id: UUID, hour: int, **more: object) -> dict[str, object]:
    starts = NOW + timedelta(hours=hour)
    hours = {"starts_at": starts.isoformat(), "ends_at": (starts + timedelta(hours=2)).isoformat()}
    return {"desk": "demo", "operator_id": str(desk_id), **hours, **more}


async def operator_id(desk: Desk, subject: str) -> UUID:
    return next(UUID(str(each["id"])) for each in await desk.items("/operators") if each["subject"] == subject)


async def test_a_desk_file_plans_two_weeks_ahead(desk: Desk) -> None:
    await set_up(desk)
    found = await desk.items("/schedule?desk=demo")
    assert (len(found), {each["operator_name"] for each in found}, found[0]["title"]) == (14, {"Анна"}, "Дневная")


async def test_what_changes_is_planned_anew_and_what_is_cancelled_stays_so(desk: Desk) -> None:
    await set_up(desk)
    one, other, *_ = await desk.items("/schedule")
    cancelled = await desk.call("POST", f"/schedule/{one['id']}/cancel", headers={"if-match": '"1"'})
    await set_up(desk, shifts={"day": {**WHOLE["shifts"]["day"], "starts": "10:00"}})
    found = await desk.items("/schedule")
    assert [each["state"] for each in (cancelled.json(), *found[:2])] == ["cancelled", "cancelled", "planned"]
    assert other["id"] not in {each["id"] for each in found}


async def test_who_does_not_come_is_raised_once_and_cleared_when_they_do(desk: Desk) -> None:
    await set_up(desk)
    pass_time(desk, FIRST + timedelta(minutes=10))
    await looked(desk)
    await looked(desk)
    (raised,) = await desk.sent(AssignmentAttentionRaised)
    await desk.presence("ann", "check-in")
    shown = await first(desk)
    assert (raised.title.en, raised.operator_id) == (
        "Анна is on the schedule and not there",
        await operator_id(desk, "ann"),
    )
    assert (len(await desk.sent(AssignmentAttentionCleared)), shown["state"], shown["late"]) == (1, "here", 10)


async def test_who_comes_in_time_is_not_raised_until_they_leave_for_long(desk: Desk) -> None:
    await set_up(desk)
    pass_time(desk, FIRST - timedelta(minutes=20))
    await desk.presence("ann", "check-in")
    seen = []
    for step in ("", "check-out", ""):
        pass_time(desk, timedelta(minutes=25))
        seen.append((await first(desk))["state"])
        if step:
            await desk.presence("ann", step)
    await looked(desk)
    assert (seen, len(await desk.sent(AssignmentAttentionRaised))) == (["here", "here", "missing"], 1)


@pytest.mark.parametrize(("came", "state"), [(True, "worked"), (False, "missed")])
async def test_a_shift_that_is_over_says_whether_it_was_worked(desk: Desk, came: bool, state: str) -> None:
    await set_up(desk)
    pass_time(desk, FIRST + timedelta(hours=1))
    await looked(desk)
    if came:
        await desk.presence("ann", "check-in")
        await desk.presence("ann", "check-out")
    pass_time(desk, timedelta(hours=10))
    shown = await first(desk)
    raised, cleared = await desk.sent(AssignmentAttentionRaised), await desk.sent(AssignmentAttentionCleared)
    assert (shown["state"], len(raised), len(cleared)) == (state, 1, 1)


async def test_a_single_shift_is_planned_and_after_a_cancellation_planned_again(desk: Desk) -> None:
    await set_up(desk)
    bob = await operator_id(desk, "bob")
    made = await desk.call("POST", "/schedule", single(bob, 3))
    taken = await desk.call("POST", "/schedule", single(bob, 4))
    path = f"/schedule/{made.json()['id']}"
    await desk.call("POST", f"{path}/cancel", headers={"if-match": made.headers["etag"]})
    again = await desk.call("POST", "/schedule", single(bob, 3))
    assert (made.status_code, [fault["code"] for fault in taken.json()["errors"]]) == (201, ["overlaps"])
    assert (again.status_code, again.json()["state"], again.json()["version"]) == (201, "planned", 3)


async def test_what_cannot_be_planned_is_refused_with_every_fault(desk: Desk) -> None:
    await set_up(desk)
    bob = await operator_id(desk, "bob")
    refused = await desk.call("POST", "/schedule", single(bob, -9, ends_at=(NOW - timedelta(days=2)).isoformat()))
    unknown = {"desk": "demo", "operator_id": str(bob), "shift": "dya", "day": "2026-03-03"}
    other = await desk.call("POST", "/schedule", unknown)
    assert [fault["code"] for fault in refused.json()["errors"]] == ["in_the_past", "not_a_shift"]
    assert [fault["code"] for fault in other.json()["errors"]] == ["unknown_shift"]


async def test_a_week_names_operators_of_the_desk_alone(desk: Desk) -> None:
    week = {"mon": ["anna"], "tue": ["ann", "eve"]}
    shifts = {"day": {**WHOLE["shifts"]["day"], "week": week}}
    refused = await desk.call("POST", "/desks/demo/configuration", {**WHOLE, "shifts": shifts}, roles=("admin",))
    faults = {fault["pointer"]: fault["detail"] for fault in refused.json()["errors"]}
    assert faults == {
        "/shifts/day/week/mon/0": "no operator 'anna'; there is ann",
        "/shifts/day/week/tue/1": "no operator 'eve'",
    }


async def test_a_desk_of_which_nothing_was_heard_is_waited_for(desk: Desk) -> None:
    bob = await desk.hire("bob", here=False)
    early = await desk.call("POST", "/schedule", single(bob, 3))
    assert (early.status_code, early.json()["code"]) == (409, "not_known_yet")


async def test_operators_see_their_own_shifts_and_plan_none(desk: Desk) -> None:
    await set_up(desk)
    own = [await desk.items("/schedule", sub=sub, roles=("operator",)) for sub in ("ann", "bob")]
    refused = await desk.call("POST", "/schedule", single(UUID(int=1), 3), sub="ann", roles=("operator",))
    elsewhere = await desk.items("/schedule", desks=("cars",))
    assert ([len(each) for each in own], refused.status_code, elsewhere) == ([14, 0], 403, [])


async def test_a_shift_that_is_over_cannot_be_cancelled(desk: Desk) -> None:
    await set_up(desk)
    pass_time(desk, FIRST + timedelta(hours=10))
    shown = await first(desk)
    tag = f'"{shown["version"]}"'
    refused = await desk.call("POST", f"/schedule/{shown['id']}/cancel", headers={"if-match": tag})
    assert (refused.status_code, refused.json()["code"]) == (409, "shift_over")
