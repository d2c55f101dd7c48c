"""Pauses with limits, and the time after a call, over HTTP (S4.6)."""

from datetime import timedelta
from typing import Any

import pytest

from libs.common.contracts.assignment import WorkAssigned
from libs.common.contracts.attention import AssignmentAttentionCleared, AssignmentAttentionRaised
from libs.common.platform.attention.watch import look
from services.assignment.app import SAY
from services.assignment.attention import KINDS
from services.assignment.pauses.actions import find_long_pauses
from services.assignment.shifts.actions import end_after_calls
from tests.assignment.desk import Desk, completed, requested
from tests.assignment.test_configuration_api import CALLS, planned_and_applied
from tests.assignment.test_schedule_api import pass_time

TITLE = {"ru": "Обед", "en": "Lunch"}
PAUSES: dict[str, Any] = {
    "lunch": {"title": TITLE, "minutes": 30, "shift_minutes": 40},
    "training": {"title": TITLE, "paid": True},
}
WHOLE = {
    "pools": {"callback": CALLS},
    "operators": {"ann": {"name": "Анна", "pools": ["callback"]}},
    "pauses": PAUSES,
}

pytestmark = pytest.mark.req("S4.6")


@pytest.fixture
async def ann(desk: Desk) -> str:
    """Ann is on shift at a desk that names its reasons."""
    assert (await planned_and_applied(desk, WHOLE)).status_code == 200
    await desk.presence("ann", "check-in")
    return "ann"


async def pause(desk: Desk, reason: str) -> int:
    body = {"reason": reason}
    return (await desk.call("POST", "/pause", body, sub="ann", roles=("operator",))).status_code


async def raised(desk: Desk) -> int:
    """Look, if the lookout says so, and return how often Ann's pause was raised."""
    if await desk.time_has_done_something():
        await find_long_pauses(desk.ctx)
        assert not await desk.time_has_done_something()
    await look(desk.ctx.db, KINDS, SAY, desk.ctx.now())
    return len([each for each in await desk.sent(AssignmentAttentionRaised) if each.kind == "long_pauses"])


async def test_reasons_are_data_of_the_desk(desk: Desk, ann: str) -> None:
    shown = await desk.items("/pause-reasons", sub=ann, roles=("operator",))
    wrong = await desk.call("POST", "/pause", {"reason": "lunhc"}, sub=ann, roles=("operator",))
    assert [(each["code"], each["paid"], each["minutes"], each["shift_minutes"]) for each in shown] == [
        ("lunch", False, 30, 40), ("training", True, None, None),
    ]  # fmt: skip
    assert [each["code"] for each in wrong.json()["errors"]] == ["unknown_pause_reason"]
    assert (await planned_and_applied(desk, {**WHOLE, "pauses": {}})).json()["changes"] != []
    assert await pause(desk, "своими словами") == 200


async def test_a_pause_over_its_limit_is_raised_once_and_cleared_when_they_are_back(desk: Desk, ann: str) -> None:
    await pause(desk, "lunch")
    pass_time(desk, timedelta(minutes=29))
    seen = [await raised(desk)]
    pass_time(desk, timedelta(minutes=2))
    seen += [await raised(desk), await raised(desk)]
    await desk.presence(ann, "check-in")
    await raised(desk)
    assert seen == [0, 1, 1]
    assert [each.kind for each in await desk.sent(AssignmentAttentionCleared)] == ["long_pauses"]


async def test_pauses_of_a_shift_have_a_limit_together_and_others_do_not_count(desk: Desk, ann: str) -> None:
    for reason, minutes in (("lunch", 20), ("training", 300), ("lunch", 19)):
        await pause(desk, reason)
        pass_time(desk, timedelta(minutes=minutes))
        assert await raised(desk) == 0
    pass_time(desk, timedelta(minutes=2))
    assert await raised(desk) == 1


async def test_after_a_call_nothing_is_offered_until_the_time_is_over(desk: Desk) -> None:
    who = await desk.hire("ann", capacity=5)
    await desk.ok("PATCH", "/pools/callback", {"after_call": 60}, headers={"if-match": '"1"'})
    await desk.receive(requested(1))
    await desk.receive(completed(1, who).model_copy(update={"call_made": True}))
    await desk.receive(requested(2))
    pass_time(desk, timedelta(seconds=59))
    assert [await end_after_calls(desk.ctx), len(await desk.sent(WorkAssigned))] == [0, 1]
    woken = [await desk.time_has_done_something()]
    pass_time(desk, timedelta(seconds=1))
    woken += [await desk.time_has_done_something()]
    assert [await end_after_calls(desk.ctx), len(await desk.sent(WorkAssigned))] == [1, 2]
    assert [*woken, await desk.time_has_done_something()] == [False, True, False]


async def test_an_operator_ends_it_early_and_without_a_call_there_is_none(desk: Desk) -> None:
    who = await desk.hire("ann", capacity=5)
    await desk.ok("PATCH", "/pools/callback", {"after_call": 60}, headers={"if-match": '"1"'})
    await desk.receive(requested(1), requested(2))
    await desk.receive(completed(1, who))
    quiet = (await desk.ok("GET", f"/operators/{who}"))["after_call_until"]
    await desk.receive(completed(2, who).model_copy(update={"call_made": True}))
    await desk.receive(requested(3))
    given = [len(await desk.sent(WorkAssigned))]
    until = (await desk.ok("GET", f"/operators/{who}"))["after_call_until"]
    view = await desk.ok("POST", "/me/ready", sub="ann", roles=("operator",))
    assert (quiet, until, view["after_call_until"]) == (None, "2026-03-02T09:01:00Z", None)
    assert [*given, len(await desk.sent(WorkAssigned))] == [2, 3]
