"""Check-in, check-out, pause over HTTP, with the events they leave."""

from datetime import timedelta

import pytest

from libs.common.contracts.assignment import OperatorChanged, ShiftEnded, ShiftStarted, WorkAssigned
from libs.common.contracts.shared import Presence
from libs.common.platform.clock import ManualClock
from tests.assignment.desk import Desk, completed, requested, task_id


async def test_a_check_in_starts_a_shift_and_tells_the_others(desk: Desk) -> None:
    ann = await desk.hire("ann")
    assert [event.operator_id for event in await desk.sent(ShiftStarted)] == [ann]
    changes = await desk.sent(OperatorChanged)
    assert [event.presence for event in changes] == [Presence.CHECKED_OUT, Presence.CHECKED_IN]


@pytest.mark.req("S2.1")
async def test_a_check_in_drains_the_night_by_deadline_within_the_pool_s_share(desk: Desk) -> None:
    await desk.receive(*[requested(n) for n in range(30, 0, -1)])
    await desk.hire("ann")
    drained = await desk.sent(WorkAssigned)
    assert [event.task_id for event in drained] == [task_id(n) for n in range(1, 4)]
    assert {event.reason for event in drained} == {"drained_at_check_in"}


async def test_a_paused_operator_gets_nothing_until_they_are_back(desk: Desk) -> None:
    await desk.hire("ann")
    await desk.presence("ann", "pause")
    await desk.receive(requested(1))
    assert await desk.waits() == 1
    await desk.presence("ann", "check-in")
    assert len(await desk.sent(WorkAssigned)) == 1


async def test_a_second_check_in_changes_nothing(desk: Desk) -> None:
    await desk.hire("ann")
    answer = await desk.presence("ann", "check-in")
    assert answer.json()["presence"] == "checked_in"
    assert len(await desk.sent(ShiftStarted)) == 1


async def test_a_pause_is_part_of_the_shift(desk: Desk) -> None:
    await desk.hire("ann")
    await desk.presence("ann", "pause")
    await desk.presence("ann", "check-in")
    assert len(await desk.items("/shifts")) == 1


async def test_a_check_out_ends_the_shift_and_keeps_the_open_work(desk: Desk) -> None:
    ann = await desk.hire("ann")
    await desk.receive(requested(1))
    clock = desk.ctx.core.clock
    assert isinstance(clock, ManualClock)
    clock.advance(timedelta(hours=8))
    view = (await desk.presence("ann", "check-out")).json()
    assert (view["presence"], view["open_work"]) == ("checked_out", 1)
    assert [(event.operator_id, event.at) for event in await desk.sent(ShiftEnded)] == [(ann, clock.now())]


async def test_nobody_pauses_without_a_shift(desk: Desk) -> None:
    await desk.hire("ann", here=False)
    answer = await desk.presence("ann", "pause")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_on_shift")


async def test_who_has_left_gets_no_work_when_theirs_is_finished(desk: Desk) -> None:
    ann = await desk.hire("ann", capacity=1)
    await desk.receive(requested(1), requested(2))
    await desk.presence("ann", "check-out")
    await desk.receive(completed(1, ann))
    assert len(await desk.sent(WorkAssigned)) == 1


@pytest.mark.req("P.6")
async def test_an_operator_moves_only_themselves(desk: Desk) -> None:
    await desk.hire("ann")
    bob = await desk.hire("bob")
    answer = await desk.call("POST", "/check-out", {"operator_id": str(bob)}, sub="ann", roles=("operator",))
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_supervisor_checks_somebody_out(desk: Desk) -> None:
    ann = await desk.hire("ann")
    assert (await desk.ok("POST", "/check-out", {"operator_id": str(ann)}))["presence"] == "checked_out"


async def test_a_supervisor_of_another_desk_does_not(desk: Desk) -> None:
    ann = await desk.hire("ann")
    answer = await desk.call("POST", "/check-out", {"operator_id": str(ann)}, desks=("other",))
    assert answer.status_code == 404


async def test_a_token_that_is_no_operators_cannot_check_in(desk: Desk) -> None:
    assert (await desk.presence("nobody", "check-in")).status_code == 404


async def test_every_change_of_presence_is_on_record_with_its_actor(desk: Desk) -> None:
    ann = await desk.hire("ann")
    await desk.ok("POST", "/pause", {"operator_id": str(ann)})
    rows = await desk.ctx.db.pool.fetch("SELECT presence, actor FROM presence_change ORDER BY id")
    assert [tuple(row) for row in rows] == [("checked_in", "ann"), ("paused", "boss")]


@pytest.mark.req("U12")
@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("presence=checked_in", ["Ann"]),
        ("presence=paused&presence=checked_out", ["Bob", "Cid"]),
        ("away=true", []),
        ("active=true&away=false", ["Ann", "Bob", "Cid"]),
    ],
)
async def test_operators_are_listed_by_presence(desk: Desk, query: str, names: list[str]) -> None:
    for sub in ("ann", "bob"):
        await desk.hire(sub)
    await desk.hire("cid", here=False)
    await desk.presence("bob", "pause")
    assert [each["name"] for each in await desk.items(f"/operators?{query}")] == names


@pytest.mark.req("U12")
@pytest.mark.parametrize(("lasting", "names"), [("true", ["Ann"]), ("false", ["Bob"])])
async def test_shifts_that_last_are_listed_apart(desk: Desk, lasting: str, names: list[str]) -> None:
    for sub in ("ann", "bob"):
        await desk.hire(sub)
    await desk.presence("bob", "check-out")
    assert [each["operator_name"] for each in await desk.items(f"/shifts?open={lasting}")] == names
