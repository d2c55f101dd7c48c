"""Nothing is sent while it is night where the customer is, and no more advertisements than the desk allows."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

import pytest

from deploy.standins.faults import Failure, Mode
from libs.common.contracts.notifications import MessageFailed
from libs.common.contracts.tasks import MessageRequested
from libs.common.platform.clock import ManualClock
from libs.common.platform.db import Database
from services.notifications.sending.rules import Doubt, Quiet, Sending
from services.notifications.sending.store import write_sending
from tests.notifications.api import running_api
from tests.notifications.gateways import Gateways, open_gateways
from tests.notifications.support import DESK, approved_template, requested, worker
from tests.support.patience import eventually

EVENING = datetime(2026, 3, 2, 18, 30, tzinfo=UTC)  # 21:30 in Moscow
MORNING = datetime(2026, 3, 3, 6, tzinfo=UTC)
BOTH = ("whatsapp", "sms")
NOT_THERE = Failure(Mode.CODE, "BAD_CONTACT")
ADVERTISEMENT = {"name": "sale", "languages": {"ru": "ru"}, "parameters": [], "buttons": [], "marketing": True}

pytestmark = pytest.mark.req("P.14")


@pytest.fixture
async def desk(notifications_db: Database) -> AsyncIterator[Gateways]:
    """A desk with Wazzup and Twilio that is quiet from 21 to 9, at half past nine in the evening."""
    async with open_gateways(notifications_db, ["wazzup", "twilio"], clock=ManualClock(EVENING)) as opened:
        await says(opened, Sending(Quiet(time(21), time(9)), marketing_a_week=2))
        yield opened


async def says(desk: Gateways, sending: Sending) -> None:
    async with desk.db.pool.acquire() as conn:
        await write_sending(conn, DESK, sending)


def pass_until(desk: Gateways, moment: datetime) -> None:
    assert isinstance(desk.clock, ManualClock)
    desk.clock.advance(moment - desk.clock.now())


async def held(desk: Gateways) -> list[tuple[datetime, str]]:
    rows = await desk.rows("SELECT not_before, code FROM attempt WHERE state = 'held' ORDER BY id")
    return [tuple(row) for row in rows]


async def failures(desk: Gateways) -> list[str]:
    return [one.code for one in await desk.events() if isinstance(one, MessageFailed)]


async def test_a_message_of_the_night_is_sent_in_the_morning_and_says_so(desk: Gateways) -> None:
    request = requested()
    await desk.request(request)
    async with running_api(desk.db) as api:
        shown = (await api.call("GET", f"/messages/{request.message_id}")).json()
    before = await desk.accepted()
    async with worker(desk.context()):
        pass_until(desk, MORNING)
        await desk.until("delivered")
    assert (shown["held_until"], shown["held_for"]) == ("2026-03-03T06:00:00Z", "quiet_hours")
    assert shown["waits"]["en"] == "Will be sent 03.03 09:00 customer time: it is night where the customer is."
    assert (before, await desk.accepted(), await held(desk)) == (0, 1, [])


async def test_the_next_rung_of_the_night_waits_too(desk: Gateways) -> None:
    pass_until(desk, MORNING + timedelta(hours=11))  # 20:00
    desk.standin.dice.failures.append(NOT_THERE)
    await desk.request(requested(channels=BOTH))
    pass_until(desk, MORNING + timedelta(hours=13))  # it is first tried at 22:00
    async with worker(desk.context()):
        await eventually(lambda: held(desk), bool)
        assert (await desk.accepted(), desk.texts("twilio")) == (0, [])
        pass_until(desk, MORNING + timedelta(days=1))
        await desk.until("delivered")
    assert (await desk.accepted(), len(desk.texts("twilio"))) == (0, 1)


async def test_a_deadline_of_the_night_is_kept_by_sending_nothing(desk: Gateways) -> None:
    await desk.request(requested(deadline=EVENING + timedelta(hours=2)))
    async with worker(desk.context()):
        pass_until(desk, EVENING + timedelta(hours=3))
        await desk.until("failed")
    assert (await failures(desk), await desk.accepted()) == (["deadline_passed"], 0)


async def test_the_staff_and_partners_have_hours_of_their_own(desk: Gateways) -> None:
    await desk.request(requested(to_customer=False))
    assert (await held(desk), await desk.attempts()) == ([], ["pending"])


async def test_what_is_quiet_is_judged_by_the_customers_clock(desk: Gateways) -> None:
    await desk.request(requested(zone="Asia/Vladivostok"), requested(zone="America/New_York"))
    assert await held(desk) == [(datetime(2026, 3, 2, 23, tzinfo=UTC), "quiet_hours")]


async def test_who_may_be_anywhere_is_written_to_when_it_is_day_in_all_their_zones(desk: Gateways) -> None:
    await says(desk, Sending(Quiet(time(21), time(9)), doubt=Doubt.CANDIDATES))
    unsure = requested(zone_source="desk")
    await desk.request(requested(), unsure)
    body = {"desk": DESK, "message": unsure.model_dump(mode="json")}
    async with running_api(desk.db, desk.url) as api:
        shown = (await api.call("GET", f"/messages/{unsure.message_id}")).json()
        said = (await api.call("POST", "/rehearsals?dry_run=true", body)).json()
    morning, common = datetime(2026, 3, 3, 6, tzinfo=UTC), datetime(2026, 3, 3, 7, tzinfo=UTC)
    assert await held(desk) == [(morning, "quiet_hours"), (common, "quiet_hours")]
    assert (shown["night"]["basis"], len(shown["night"]["candidates"])) == ("candidates", 11)
    assert (said["state"], said["night"]) == ("pending", shown["night"])


@pytest.fixture
async def shop(desk: Gateways) -> Gateways:
    """The same desk by day, with a template of marketing."""
    pass_until(desk, MORNING + timedelta(hours=1))
    await approved_template(desk.db, "sale", variants={"whatsapp": {"registered": ADVERTISEMENT}})
    return desk


def advertisements(count: int) -> list[MessageRequested]:
    return [requested(template="sale") for _ in range(count)]


async def left(desk: Gateways) -> list[UUID]:
    return [message_id for message_id, state in (await desk.states()).items() if state != "failed"]


async def test_no_more_advertisements_go_to_an_address_than_a_week_may_have(shop: Gateways) -> None:
    await shop.request(*advertisements(1))
    await shop.request(*advertisements(2))
    await shop.request(requested())
    assert (await failures(shop), len(await left(shop))) == (["frequency_cap"], 3)


async def test_the_next_week_has_room_again(shop: Gateways) -> None:
    await shop.request(*advertisements(3))
    pass_until(shop, MORNING + timedelta(days=8))
    await shop.request(*advertisements(1))
    assert (await failures(shop), len(await left(shop))) == (["frequency_cap"], 3)
