"""Planned absences over HTTP: who is absent is offered nothing, a deputy gets what is theirs (S4.6, S2.2)."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from libs.common.contracts.assignment import OperatorChanged, WorkAssigned
from services.assignment.absences.actions import follow_absences
from services.assignment.schedule.actions import plan_ahead
from tests.assignment.desk import Desk, requested
from tests.assignment.operators import NOW
from tests.assignment.test_schedule_api import FIRST, MOSCOW, first, pass_time, set_up

TODAY: dict[str, Any] = {"first_day": "2026-03-02", "last_day": "2026-03-02", "reason": "отпуск"}

pytestmark = pytest.mark.req("S4.6")


async def planned(desk: Desk, who: UUID, **more: object) -> dict[str, Any]:
    await desk.receive(MOSCOW)
    return await desk.ok("POST", "/absences", {**TODAY, "operator_id": str(who), **more})


async def test_whole_days_are_those_of_the_desk_and_begin_and_end_by_the_clock(desk: Desk) -> None:
    ann = await desk.hire("ann")
    made = await planned(desk, ann)
    assert (made["starts_at"], made["ends_at"]) == ("2026-03-01T21:00:00Z", "2026-03-02T21:00:00Z")
    assert await follow_absences(desk.ctx) == 1
    pass_time(desk, timedelta(hours=13))
    assert [await follow_absences(desk.ctx) for _ in range(2)] == [1, 0]
    said = [event.absent_until for event in await desk.sent(OperatorChanged)]
    assert [None if each is None else each.isoformat() for each in said[-2:]] == ["2026-03-02T21:00:00+00:00", None]
    assert (await desk.ok("GET", f"/absences/{made['id']}"))["state"] == "over"


@pytest.mark.req("S2.2")
async def test_who_is_absent_is_offered_nothing_and_their_deputy_gets_what_is_theirs(desk: Desk) -> None:
    ann, _, cid = await desk.hire("ann"), await desk.hire("bob"), await desk.hire("cid")
    await planned(desk, ann, deputy_id=str(cid))
    await follow_absences(desk.ctx)
    await desk.receive(requested(1, prefer_operator_id=ann), requested(2))
    given = [(event.operator_id, event.reason, event.deputises_for) for event in await desk.sent(WorkAssigned)]
    assert given[0] == (cid, "deputy_of_owner", ann)
    assert given[1][2] is None
    assert ann not in {who for who, _, _ in given}


async def test_without_a_deputy_who_is_there_it_is_anyone_s_of_the_pool(desk: Desk) -> None:
    ann, bob = await desk.hire("ann"), await desk.hire("bob")
    cid = await desk.hire("cid", here=False)
    await planned(desk, ann, deputy_id=str(cid))
    await follow_absences(desk.ctx)
    await desk.receive(requested(1, prefer_operator_id=ann))
    [event] = await desk.sent(WorkAssigned)
    why = {each.operator_id: each.reasons for each in event.candidates}
    assert (event.operator_id, event.deputises_for, why[ann]) == (bob, None, ("absent",))


async def test_a_cancelled_absence_ends_and_waiting_work_goes_out_at_once(desk: Desk) -> None:
    ann = await desk.hire("ann")
    made = await planned(desk, ann)
    await follow_absences(desk.ctx)
    await desk.receive(requested(1))
    version = (await desk.ok("GET", f"/absences/{made['id']}"))["version"]
    await desk.ok("POST", f"/absences/{made['id']}/cancel", {}, headers={"if-match": f'"{version}"'})
    await follow_absences(desk.ctx)
    assert [event.operator_id for event in await desk.sent(WorkAssigned)] == [ann]


@pytest.mark.req("S2.2")
async def test_who_is_absent_by_a_plan_is_not_missing(desk: Desk) -> None:
    await set_up(desk)
    ann = (await desk.items("/operators"))[0]["id"]
    absent = {"operator_id": ann, "first_day": "2026-03-03", "last_day": "2026-03-03", "reason": "болезнь"}
    await desk.ok("POST", "/absences", absent)
    await plan_ahead(desk.ctx)
    pass_time(desk, FIRST + timedelta(hours=1))
    during = (await first(desk))["state"]
    pass_time(desk, timedelta(hours=9))
    assert (during, (await first(desk))["state"]) == ("planned", "cancelled")


async def test_every_fault_is_named_and_no_two_overlap(desk: Desk) -> None:
    ann = await desk.hire("ann", here=False)
    made = await planned(desk, ann)
    beside = await desk.call("POST", "/absences", {**TODAY, "operator_id": str(ann)})
    past = {"first_day": "2026-02-01", "last_day": "2026-02-02", "deputy_id": str(ann)}
    wrong = await desk.call("POST", "/absences", {**TODAY, "operator_id": str(ann), **past})
    late = {
        "starts_at": NOW.isoformat(),
        "ends_at": (NOW - timedelta(hours=1)).isoformat(),
        "operator_id": str(ann),
        "reason": "x",
    }
    turned = await desk.call("POST", "/absences", late)
    assert (beside.status_code, beside.json()["code"], beside.json()["existing"]) == (
        409, "absence_overlaps", made["id"],
    )  # fmt: skip
    assert [each["code"] for each in wrong.json()["errors"]] == ["in_the_past", "unfit_deputy"]
    assert [each["code"] for each in turned.json()["errors"]] == ["ends_before_it_starts"]


async def test_operators_see_their_own_and_plan_none(desk: Desk) -> None:
    ann, bob = await desk.hire("ann", here=False), await desk.hire("bob", here=False)
    made = await planned(desk, ann, deputy_id=str(bob))
    shown = [len(await desk.items("/absences", sub=sub, roles=("operator",))) for sub in ("ann", "bob", "cid")]
    refused = await desk.call(
        "POST", "/absences", {**TODAY, "operator_id": str(bob)}, sub="bob", roles=("operator",)
    )
    again = [
        await desk.call("POST", f"/absences/{made['id']}/cancel", {}, headers={"if-match": f'"{version}"'})
        for version in (1, 1, 2)
    ]
    assert (shown, refused.status_code) == ([1, 1, 0], 403)
    assert [answer.status_code for answer in again] == [200, 412, 409]
