"""A channel that died is noticed, halted and passed: by what its provider answers, reports or leaves out."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from deploy.standins.faults import Failure, Mode
from libs.common.connect.command.store import Halted
from libs.common.platform.clock import ManualClock
from libs.common.platform.db import Database
from services.notifications.autopilot.actions import go_past_halted, halt_dead
from services.notifications.autopilot.rules import LEAST
from tests.notifications.api import running_api
from tests.notifications.gateways import QUICK, Gateways, open_gateways
from tests.notifications.support import DESK, requested, worker
from tests.support.patience import eventually

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
BOTH = ("whatsapp", "sms")
SUMS = "SELECT sum(refused) AS refused, sum(lost) AS lost, sum(accepted) AS accepted FROM channel_minute"
LATER = "UPDATE channel_minute SET minute = minute - interval '15 minutes'"
HEARD = """
INSERT INTO channel_minute (channel_id, minute, heard) SELECT id, now() - interval '2 hours', 1 FROM channel
"""

pytestmark = pytest.mark.req("P.12")


@pytest.fixture
async def desk(notifications_db: Database) -> AsyncIterator[Gateways]:
    """A desk with Wazzup and Twilio."""
    async with open_gateways(notifications_db, ["wazzup", "twilio"], clock=ManualClock(NOW)) as opened:
        yield opened


async def send(desk: Gateways, channels: tuple[str, ...] = BOTH, count: int = LEAST) -> None:
    people = [{"name": "Анна", "phone": f"+7900{number:07d}"} for number in range(1, count + 1)]
    await desk.request(*(requested(channels=channels, person=person) for person in people))


async def dead(desk: Gateways) -> list[tuple[str, str]]:
    """Return the channels that are halted now, and why."""
    return [(one.code, one.reason) for one in await halt_dead(desk.db, NOW)]


async def failing(desk: Gateways, count: int = LEAST) -> None:
    """Let Wazzup refuse messages for a reason that is documented nowhere; the customers get text messages."""
    desk.standin.dice.failures.append(Failure(Mode.CODE, "OUT_OF_ORDER", times=None))
    async with worker(desk.context()):
        await send(desk, count=count)
        await desk.until("delivered")


async def test_a_channel_that_takes_nothing_any_more_is_halted_once(desk: Gateways) -> None:
    await failing(desk)
    found = await asyncio.gather(*(halt_dead(desk.db, NOW) for _ in range(2)))
    assert sorted(map(list, found)) == [[], [Halted(DESK, "wazzup", "failing")]]


async def test_what_waits_for_a_dead_channel_goes_on_by_the_next_rung_once(desk: Gateways) -> None:
    await failing(desk)
    await send(desk)
    await dead(desk)
    gone = await asyncio.gather(*(go_past_halted(desk.db, NOW) for _ in range(2)))
    async with worker(desk.context()):
        await desk.until("delivered")
    assert (sum(gone), len(desk.texts("twilio")), await desk.accepted()) == (LEAST, 2 * LEAST, 0)


async def test_what_has_no_other_rung_waits_for_a_person(desk: Gateways) -> None:
    await failing(desk)
    await send(desk, ("whatsapp",))
    await desk.db.pool.execute("UPDATE channel SET halted_at = now(), halted_code = 'test'")
    await send(desk)
    assert (await go_past_halted(desk.db, NOW), set((await desk.attempts())[2 * LEAST :])) == (0, {"pending"})


async def test_a_channel_whose_messages_are_lost_afterwards_is_halted(notifications_db: Database) -> None:
    async with open_gateways(notifications_db, ["twilio"], clock=ManualClock(NOW)) as desk:
        desk.gateways["twilio"].dice.failures.append(Failure(Mode.STATUS, "30999", times=None))
        async with worker(desk.context()):
            await send(desk, ("sms",))
            await desk.until("failed")
        assert await dead(desk) == [("twilio", "undelivered")]


async def test_a_channel_of_which_no_report_comes_any_more_is_halted(notifications_db: Database) -> None:
    silent = replace(QUICK, lose_callback=1.0)
    async with open_gateways(notifications_db, ["twilio"], silent, clock=ManualClock(NOW)) as desk:
        async with worker(desk.context()):
            await send(desk, ("sms",))
            await eventually(lambda: desk.rows(SUMS), lambda rows: rows[0]["accepted"] == LEAST)
        before = await dead(desk)
        await desk.db.pool.execute(LATER)
        await desk.db.pool.execute(HEARD)
        assert (before, await dead(desk)) == ([], [("twilio", "silent")])


async def test_who_resumes_a_channel_is_believed(desk: Gateways) -> None:
    await failing(desk)
    await dead(desk)
    path = f"/channels/{desk.channels['wazzup']}"
    async with running_api(desk.db) as api:
        version = (await api.call("GET", path, role="supervisor")).json()["version"]
        resumed = await api.call("PATCH", path, {"active": True}, If_Match=f'"{version}"')
    assert (resumed.status_code, resumed.json()["halted_code"], await dead(desk)) == (200, None, [])


async def test_delivery_rates_are_shown_by_channel_and_provider(desk: Gateways) -> None:
    await failing(desk, count=3)
    async with running_api(desk.db) as api:
        answer = await api.call("GET", f"/delivery-rates?desk={DESK}&hours=1", role="supervisor")
        foreign = await api.call("GET", "/delivery-rates", role="supervisor", desk="other")
    rates = {one["code"]: one for one in answer.json()["channels"]}
    assert (rates["wazzup"]["refused"], rates["wazzup"]["accepted_share"]) == (3, 0.0)
    assert (rates["twilio"]["delivered"], rates["twilio"]["delivered_share"]) == (3, 1.0)
    assert [one["provider"] for one in answer.json()["providers"]] == ["twilio", "wazzup"]
    assert foreign.json()["channels"] == []
