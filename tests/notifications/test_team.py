"""Messages to a team's chat, which says `ok` and never anything more."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from deploy.standins.faults import Failure, Mode
from libs.common.connect.command.rules import Outcome, Verdict
from libs.common.contracts.notifications import FinalState, MessageFailed, MessageSent
from libs.common.platform import faultpoints
from libs.common.platform.clock import ManualClock
from libs.common.platform.db import Database
from services.notifications.channels.queries import one_channel
from services.notifications.delivery.store import Result
from tests.notifications.api import running_api
from tests.notifications.gateways import Gateways, config, gateway, open_gateways
from tests.notifications.support import DESK, claim, expire, record, requested, worker
from tests.support.patience import eventually

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
CODE = "team_webhook"
TEAM = ("team",)
NOBODY = {"name": "Анна"}
URL = str(config(CODE, gateway(CODE).demo())["url"])
KEY = gateway(CODE).demo().key
LONG_AGO = "UPDATE attempt SET offered_at = offered_at - interval '1 day', due_at = due_at - interval '1 day'"
YEARS = timedelta(days=800)


@pytest.fixture
async def desk(notifications_db: Database) -> AsyncIterator[Gateways]:
    """A desk with a team's chat and Twilio."""
    async with open_gateways(notifications_db, [CODE, "twilio"], clock=ManualClock(NOW)) as opened:
        yield opened


async def reached(desk: Gateways, code: str) -> None:
    """Wait until a provider has a message."""

    async def look() -> int:
        return len(desk.texts(code))

    await eventually(look, bool)


async def halted(desk: Gateways) -> str:
    """Wait until the team's channel needs a person, and return why."""

    async def look() -> dict[str, object] | None:
        return await one_channel(desk.db, desk.channels[CODE], None)

    row = await eventually(look, lambda found: found is not None and found["halted_at"] is not None)
    return "" if row is None else str(row["halted_code"])


@pytest.mark.req("S4.14")
async def test_a_team_gets_a_message_once_whatever_is_known_of_the_customer(desk: Gateways) -> None:
    async with worker(desk.context()):
        await desk.request(requested(channels=TEAM, person=NOBODY))
        await desk.until("accepted")
    (event,) = await desk.events()
    assert isinstance(event, MessageSent)
    assert (desk.texts(CODE), event.channel) == (["Здравствуйте, Анна! Заказ 1042 принят"], "team")


async def test_an_accepted_message_stays_accepted_and_no_other_channel_follows(desk: Gateways) -> None:
    message = requested(channels=("team", "sms"), deadline=NOW + timedelta(hours=1))
    async with worker(desk.context()):
        await desk.request(message)
        await desk.until("accepted")
        await desk.db.pool.execute(LONG_AGO)
        assert isinstance(desk.clock, ManualClock)
        desk.clock.advance(YEARS)
        assert await expire(desk.db) == 0
        await desk.request(requested(channels=("sms",)))  # so that the loops have gone round
        await reached(desk, "twilio")
    assert ((await desk.states())[message.message_id], (await desk.attempts())[0]) == ("accepted", "accepted")
    assert (len(desk.texts(CODE)), len(desk.texts("twilio"))) == (1, 1)


async def test_a_chat_that_is_accepted_is_never_asked(desk: Gateways) -> None:
    async with worker(desk.context()):
        await desk.request(requested(channels=TEAM))
        await desk.until("accepted")
    rows = await desk.rows(
        "SELECT a.ask_at, (SELECT count(*) FROM poll WHERE kind = $1) AS polls FROM attempt a", CODE
    )
    assert [tuple(row) for row in rows] == [(None, 0)]


@pytest.mark.req("P.1", "P.2")
async def test_a_worker_that_dies_between_answer_and_record_leaves_a_doubt_and_no_second_message(
    desk: Gateways, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.request(requested(channels=("team", "sms")))
    with monkeypatch.context() as patch:
        patch.setattr(faultpoints, "reach", die)
        async with worker(desk.context()):
            await reached(desk, CODE)
    assert await desk.attempts() == ["sending"]
    await desk.db.pool.execute(LONG_AGO)
    async with worker(desk.context()):
        await desk.until("unknown")
    (event,) = await desk.events()
    assert isinstance(event, MessageFailed)
    assert (event.state, event.code) == (FinalState.UNKNOWN, "doubtful")
    assert (len(desk.texts(CODE)), desk.texts("twilio")) == (1, [])


def die(_: str) -> None:
    raise asyncio.CancelledError


async def test_an_answer_that_comes_after_its_lease_still_counts(desk: Gateways) -> None:
    await desk.request(requested(channels=TEAM))
    (late,) = await claim(desk.db)
    await desk.db.pool.execute("UPDATE attempt SET due_at = due_at - interval '1 minute'")
    await expire(desk.db)
    assert await desk.attempts() == ["waiting"]
    await record(desk.db, Result(late, Outcome(Verdict.ACCEPTED, external_id=str(late.command_id))))
    assert (await desk.attempts(), set((await desk.states()).values())) == (["accepted"], {"accepted"})


@pytest.mark.parametrize("failure", [Failure(Mode.LOSE, ""), Failure(Mode.HTTP_ACCEPTED, "503")])
async def test_a_lost_answer_is_not_sent_again(desk: Gateways, failure: Failure) -> None:
    desk.gateways[CODE].dice.failures.append(failure)
    async with worker(desk.context(unknown_after=1.0)):
        await desk.request(requested(channels=TEAM))
        await desk.until("unknown")
    assert len(desk.texts(CODE)) == 1


async def test_too_many_messages_are_sent_later(desk: Gateways) -> None:
    desk.gateways[CODE].dice.failures.append(Failure(Mode.CODE, "rate_limited"))
    async with worker(desk.context()):
        await desk.request(requested(channels=TEAM))
        await desk.until("accepted")
    assert len(desk.texts(CODE)) == 1


@pytest.mark.parametrize("word", ["channel_is_archived", "no_service", "invalid_token"])
async def test_a_revoked_webhook_stops_its_channel_and_bars_no_address(desk: Gateways, word: str) -> None:
    desk.gateways[CODE].dice.failures.append(Failure(Mode.CODE, word, times=None))
    async with worker(desk.context()):
        await desk.request(requested(channels=TEAM))
        assert await halted(desk) == word
        await desk.request(requested(channels=("sms",)))
        await reached(desk, "twilio")
    assert await desk.rows("SELECT FROM address") == []


async def test_a_message_that_the_chat_does_not_take_fails_and_bars_no_later_one(desk: Gateways) -> None:
    desk.gateways[CODE].dice.failures.append(Failure(Mode.CODE, "invalid_payload"))
    async with worker(desk.context()):
        await desk.request(requested(channels=TEAM))
        await desk.until("failed")
        await desk.request(requested(channels=TEAM))
        await reached(desk, CODE)
    assert await desk.rows("SELECT FROM address") == []


async def test_a_customer_who_wants_no_messages_is_still_told_of_to_the_team(desk: Gateways) -> None:
    async with worker(desk.context()):
        desk.write("twilio", "STOP")
        await eventually(lambda: desk.rows("SELECT FROM address WHERE opted_out"), bool)
        await desk.request(requested(channels=("sms", "team")))
        await desk.until("accepted")
    assert (len(desk.texts(CODE)), desk.texts("twilio")) == (1, [])


async def test_the_guard_keeps_a_webhook_from_calling_inside(desk: Gateways) -> None:
    async with worker(desk.context(egress_allow="")):
        await desk.request(requested(channels=TEAM))
        assert await halted(desk) == "address_forbidden"
    assert desk.texts(CODE) == []


async def test_the_address_of_a_webhook_is_stored_sealed_and_never_logged(
    desk: Gateways, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    desk.gateways[CODE].dice.failures.append(Failure(Mode.CODE, "no_service"))
    with capture_logs() as lines:
        async with worker(desk.context()):
            await desk.request(requested(channels=TEAM))
            await halted(desk)
    heard = [one.getMessage() for one in caplog.records if one.name != "uvicorn.access"]  # that is the chat's own
    said = [*heard, *map(str, lines), *map(str, await desk.rows("SELECT * FROM channel"))]
    said += map(str, await desk.rows("SELECT * FROM attempt"))
    assert any("channel halted" in text for text in said)
    assert not [text for text in said if KEY in text]


async def test_the_api_shows_a_webhooks_channel_without_its_address(notifications_db: Database) -> None:
    body = {"desk": DESK, "code": "crew", "config": {"provider": CODE, "url": URL}}
    async with running_api(notifications_db) as api:
        made = await api.call("POST", "/channels", body)
        shown = [made, await api.call("GET", "/channels")]
        subscribed = await api.call("POST", f"/channels/{made.json()['id']}/subscribe")
    assert not [answer for answer in [*shown, subscribed] if KEY in answer.text]
    found = made.json()
    assert (found["kind"], found["config"], found["hook_path"]) == ("team", {"provider": CODE}, None)
    assert "no_reports" in subscribed.text
