"""What is known of a customer's address: remembered from answers, reports and wishes, and heeded (P.14)."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from deploy.standins.faults import Failure, Mode
from libs.common.contracts.notifications import MessageFailed
from libs.common.platform.clock import ManualClock
from libs.common.platform.db import Database
from tests.notifications.api import running_api
from tests.notifications.gateways import PHONE, Gateways, open_gateways
from tests.notifications.support import requested, worker
from tests.support.patience import eventually

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
UNKNOWN = {"name": "Анна", "phone": "+79000000000"}  # a stand-in refuses numbers that end so
ADDRESSES = "SELECT kind, address, unreachable_until, opted_out, opted_out_of_marketing, code FROM address"


@pytest.fixture
async def desk(notifications_db: Database) -> AsyncIterator[Gateways]:
    async with open_gateways(notifications_db, ["whatsapp_cloud", "twilio"], clock=ManualClock(NOW)) as opened:
        yield opened


async def sent(desk: Gateways, *channels: str, person: dict[str, str] | None = None) -> str:
    """Send one message and return the state in which it ends."""
    given = {} if person is None else {"person": person}
    request = requested(channels=channels, **given)
    await desk.request(request)
    final = {"failed", "delivered", "read"}
    found = await eventually(desk.states, lambda states: states[request.message_id] in final)
    return found[request.message_id]


async def last_failure(desk: Gateways) -> MessageFailed:
    return next(event for event in reversed(await desk.events()) if isinstance(event, MessageFailed))


async def test_a_number_that_a_provider_refuses_is_not_written_to_again(desk: Gateways) -> None:
    async with worker(desk.context()):
        assert await sent(desk, "sms", person=UNKNOWN) == "failed"
        desk.gateways["twilio"].dice.failures.append(Failure(Mode.HTTP, "500", times=None))
        assert await sent(desk, "sms", person=UNKNOWN) == "failed"
    assert (await last_failure(desk)).code == "unreachable"
    assert [row["code"] for row in await desk.rows(ADDRESSES)] == ["21211"]


async def test_a_report_that_a_number_is_not_on_whatsapp_is_remembered_for_thirty_days(desk: Gateways) -> None:
    async with worker(desk.context()):
        desk.write("whatsapp_cloud", "Здравствуйте", "79000000000")
        await eventually(lambda: desk.rows("SELECT FROM conversation"), bool)
        assert await sent(desk, "whatsapp", person=UNKNOWN) == "failed"
    (row,) = await desk.rows(ADDRESSES)
    assert (row["kind"], row["address"], row["unreachable_until"]) == (
        "whatsapp", "79000000000", NOW + timedelta(days=30),
    )  # fmt: skip


@pytest.mark.req("P.14")
@pytest.mark.parametrize("kind", ["sms", "whatsapp"])
async def test_a_customer_who_opts_out_by_one_kind_is_written_to_by_none(desk: Gateways, kind: str) -> None:
    desk.write("twilio", "STOP", f"+{PHONE}")
    await eventually(lambda: desk.rows("SELECT FROM address WHERE opted_out"), bool)
    assert await sent(desk, kind) == "failed"
    assert (await last_failure(desk)).code == "opted_out"


async def test_a_customer_who_opts_in_again_is_written_to(desk: Gateways) -> None:
    for word, wish in (("STOP", "opted_out"), ("START", "NOT opted_out")):
        desk.write("twilio", word, f"+{PHONE}")
        wished = f"SELECT FROM address WHERE {wish}"
        await eventually(partial(desk.rows, wished), bool)
    async with worker(desk.context()):
        assert await sent(desk, "sms") == "delivered"


async def test_a_message_from_an_unreachable_number_takes_it_back(desk: Gateways) -> None:
    async with worker(desk.context()):
        await sent(desk, "sms", person=UNKNOWN)
        desk.write("twilio", "Здравствуйте", "+79000000000")
        reachable = "SELECT FROM address WHERE unreachable_until IS NULL AND code = ''"
        assert await eventually(lambda: desk.rows(reachable), bool)


async def test_a_message_to_a_number_that_was_unreachable_is_tried_after_thirty_days(desk: Gateways) -> None:
    assert isinstance(desk.clock, ManualClock)
    async with worker(desk.context()):
        await sent(desk, "sms", person=UNKNOWN)
        desk.clock.advance(timedelta(days=30))
        await sent(desk, "sms", person=UNKNOWN)
    assert (await last_failure(desk)).code == "21211"


async def test_free_text_leaves_within_a_day_of_the_customers_message_alone(desk: Gateways) -> None:
    assert isinstance(desk.clock, ManualClock)
    desk.write("whatsapp_cloud", "Здравствуйте")
    await eventually(lambda: desk.rows("SELECT FROM conversation"), bool)
    async with worker(desk.context()):
        assert await sent(desk, "whatsapp") == "delivered"
        desk.clock.advance(timedelta(hours=24))
        assert await sent(desk, "whatsapp") == "failed"
    assert (await last_failure(desk)).code == "window_closed"


async def test_a_window_that_the_provider_calls_closed_is_closed(desk: Gateways) -> None:
    desk.write("whatsapp_cloud", "Здравствуйте")
    await eventually(lambda: desk.rows("SELECT FROM conversation"), bool)
    desk.gateways["whatsapp_cloud"].written.clear()
    async with worker(desk.context()):
        assert await sent(desk, "whatsapp") == "failed"
    attempts = await desk.rows("SELECT code FROM attempt ORDER BY number")
    assert [row["code"] for row in attempts] == ["131047", "window_closed"]


async def test_what_is_known_of_an_address_is_listed_for_the_head_of_its_desk(desk: Gateways) -> None:
    desk.write("twilio", "STOP", f"+{PHONE}")
    await eventually(lambda: desk.rows("SELECT FROM address"), bool)
    async with running_api(desk.db) as api:
        found = await api.call("GET", f"/addresses?address=%2B{PHONE}", role="supervisor")
        foreign = await api.call("GET", "/addresses", role="supervisor", desk="other")
    (item,) = found.json()["items"]
    assert (item["kind"], item["address"], item["opted_out"]) == ("sms", PHONE, True)
    assert foreign.json()["items"] == []
