"""Operators go away and come back, by themselves or unheard (S4.6)."""

import asyncio
from datetime import datetime, timedelta

import pytest

from libs.common.contracts.assignment import OperatorChanged, WorkAssigned, WorkWaiting
from libs.common.platform.clock import ManualClock
from libs.common.testkit.database import BLOCKED
from services.assignment.shifts.actions import find_silent
from tests.assignment.desk import Desk, requested
from tests.support.patience import PATIENCE


async def is_away(desk: Desk, sub: str = "ann") -> bool:
    found = await desk.ok("GET", "/me", sub=sub, roles=("operator",))
    return bool(found["away"])


async def test_who_says_that_they_are_away_is_given_nothing_until_they_are_back(desk: Desk) -> None:
    await desk.hire("ann")
    await desk.presence("ann", "me/away")
    await desk.receive(requested(1))
    (waits,) = await desk.sent(WorkWaiting)
    assert waits.candidates[0].reasons == ("away",)
    await desk.presence("ann", "me/back")
    assert [event.reason for event in await desk.sent(WorkAssigned)] == ["drained_operator_changed"]


async def test_the_others_hear_of_it_with_the_version_of_the_operator(desk: Desk) -> None:
    await desk.hire("ann")
    await desk.presence("ann", "me/away")
    view = await desk.ok("GET", "/me", sub="ann", roles=("operator",))
    last = (await desk.sent(OperatorChanged))[-1]
    assert (last.away, last.version) == (True, view["version"])


async def test_a_proposal_says_which_version_of_the_operator_it_was_made_for(desk: Desk) -> None:
    await desk.hire("ann")
    await desk.receive(requested(1))
    (proposal,) = await desk.sent(WorkAssigned)
    assert proposal.operator_version == (await desk.sent(OperatorChanged))[-1].version


async def test_who_falls_silent_is_away_and_back_with_the_next_heartbeat(desk: Desk) -> None:
    await desk.hire("ann")
    await desk.presence("ann", "me/heartbeat")
    await desk.silent(minutes=6)
    assert await is_away(desk)
    await desk.presence("ann", "me/heartbeat")
    assert not await is_away(desk)


async def test_a_short_silence_is_none(desk: Desk) -> None:
    await desk.hire("ann")
    await desk.presence("ann", "me/heartbeat")
    await desk.silent(minutes=4)
    assert not await is_away(desk)


async def test_the_strictest_of_the_pools_says_how_long_a_silence_is(desk: Desk) -> None:
    for code, minutes in (("strict", 1), ("never", 0)):
        await desk.make_pool(code, away_after=minutes)
    await desk.hire("ann", pools=["callback", "strict", "never"])
    await desk.hire("bob", pools=["never"])
    for name in ("ann", "bob"):
        await desk.presence(name, "me/heartbeat")
    await desk.silent(minutes=2)
    assert (await is_away(desk), await is_away(desk, "bob")) == (True, False)


async def test_who_has_sent_no_heartbeat_in_this_shift_is_never_silent(desk: Desk) -> None:
    await desk.hire("ann")
    await desk.presence("ann", "me/heartbeat")
    for command in ("check-out", "check-in"):
        await desk.presence("ann", command)
    await desk.silent(minutes=60)
    assert not await is_away(desk)


async def test_business_time_that_is_moved_makes_nobody_silent(desk: Desk) -> None:
    await desk.hire("ann")
    await desk.presence("ann", "me/heartbeat")
    clock = desk.ctx.core.clock
    assert isinstance(clock, ManualClock)
    clock.advance(timedelta(days=1))
    assert await find_silent(desk.ctx) == 0


async def test_a_browser_that_is_still_open_brings_nobody_back_who_said_they_are_away(desk: Desk) -> None:
    await desk.hire("ann")
    await desk.presence("ann", "me/away")
    await desk.presence("ann", "me/heartbeat")
    assert await is_away(desk)


@pytest.mark.parametrize("command", ["me/away", "me/back"])
async def test_nobody_goes_away_or_comes_back_off_shift(desk: Desk, command: str) -> None:
    await desk.hire("ann", here=False)
    refused = await desk.presence("ann", command)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_on_shift")


async def test_a_heartbeat_off_shift_changes_nothing(desk: Desk) -> None:
    await desk.hire("ann", here=False)
    answer = await desk.presence("ann", "me/heartbeat")
    assert (answer.status_code, answer.json()["presence"]) == (200, "checked_out")


async def test_a_heartbeat_of_somebody_who_is_no_operator_is_404(desk: Desk) -> None:
    refused = await desk.presence("stranger", "me/heartbeat")
    assert (refused.status_code, refused.json()["code"]) == (404, "no_operator")


async def test_a_check_out_ends_the_absence(desk: Desk) -> None:
    await desk.hire("ann")
    await desk.presence("ann", "me/away")
    await desk.presence("ann", "check-out")
    assert not await is_away(desk)


async def test_deactivation_ends_the_absence(desk: Desk) -> None:
    ann = await desk.hire("ann")
    away = (await desk.presence("ann", "me/away")).json()
    headers = {"if-match": f'"{away["version"]}"'}
    view = await desk.ok("PATCH", f"/operators/{ann}", {"active": False}, headers=headers)
    assert (view["away"], (await desk.sent(OperatorChanged))[-1].away) == (False, False)


async def test_absences_are_on_record_with_their_actor(desk: Desk) -> None:
    await desk.hire("ann")
    await desk.presence("ann", "me/heartbeat")
    await desk.silent(minutes=6)
    await desk.presence("ann", "me/heartbeat")
    rows = await desk.ctx.db.pool.fetch("SELECT presence, actor FROM presence_change ORDER BY id")
    assert [tuple(row) for row in rows] == [("checked_in", "ann"), ("away", "system"), ("checked_in", "ann")]


async def test_a_heartbeat_that_comes_as_its_operator_is_found_silent_brings_them_back(desk: Desk) -> None:
    await desk.hire("ann")
    await desk.presence("ann", "me/heartbeat")
    await desk.ctx.db.pool.execute("UPDATE heartbeat SET at = at - interval '6 minutes'")
    async with desk.ctx.db.begin() as tx:
        await tx.conn.execute("SELECT FROM heartbeat FOR UPDATE")
        finding = asyncio.ensure_future(find_silent(desk.ctx))
        async with asyncio.timeout(PATIENCE):
            while await desk.ctx.db.pool.fetchval(BLOCKED) < 1:
                await asyncio.sleep(0.01)
        heard = asyncio.ensure_future(desk.presence("ann", "me/heartbeat"))
        async with asyncio.timeout(PATIENCE):
            while await desk.ctx.db.pool.fetchval(BLOCKED) < 2:
                await asyncio.sleep(0.01)
    await asyncio.gather(finding, heard)
    assert not await is_away(desk)


@pytest.mark.req("S2.2")
async def test_a_board_shows_why_an_operator_pauses_and_since_when(desk: Desk) -> None:
    await desk.hire("ann", pools=("callback",))
    await desk.ok("POST", "/pause", {"reason": "обед"}, sub="ann", roles=("operator",))
    found = (await desk.call("GET", "/pools/callback")).json()
    (seat,) = found["seats"]
    own = (await desk.call("GET", "/me", sub="ann", roles=("operator",))).json()
    assert (seat["presence"], seat["pause_reason"]) == ("paused", "обед")
    assert datetime.fromisoformat(seat["presence_since"]) == datetime.fromisoformat(own["presence_since"])


async def test_another_reason_replaces_the_first_and_work_ends_the_pause(desk: Desk) -> None:
    await desk.hire("ann")
    await desk.ok("POST", "/pause", {"reason": "обед"}, sub="ann", roles=("operator",))
    again = await desk.ok("POST", "/pause", {"reason": "планёрка"}, sub="ann", roles=("operator",))
    back = await desk.ok("POST", "/check-in", sub="ann", roles=("operator",))
    assert (again["pause_reason"], back["pause_reason"]) == ("планёрка", None)
