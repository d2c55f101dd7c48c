"""Bots of Telegram and MAX, over HTTP: customers who have started them, and groups of the team."""

import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from deploy.standins.bots import BotStandin
from deploy.standins.faults import Failure, Mode
from libs.common.contracts.notifications import MessageFailed, MessageReceived
from libs.common.contracts.shared import IdentityKind
from libs.common.platform.clock import ManualClock
from libs.common.platform.db import Database
from tests.notifications.api import running_api
from tests.notifications.gateways import PHONE, Gateways, config, gateway, open_gateways
from tests.notifications.support import DESK, HOOK_KEY, channel, requested, worker
from tests.support.patience import eventually

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ANNA = "500000003"
TEXT = "Здравствуйте, Анна! Заказ 1042 принят"
BARRED = "SELECT kind, address, opted_out FROM address WHERE opted_out OR unreachable_until IS NOT NULL"

pytestmark = pytest.mark.parametrize("code", ["telegram", "max"])


@pytest.fixture
async def desk(notifications_db: Database, code: str) -> AsyncIterator[Gateways]:
    """A desk with a bot, Twilio, and a second channel of the bot: a group of the team."""
    async with open_gateways(notifications_db, [code, "twilio"], clock=ManualClock(NOW)) as opened:
        group = {**config(code, gateway(code).demo()), "team_chat_id": "-42"}
        await channel(notifications_db, code="crew", config=group, hook_key=f"{HOOK_KEY}-crew")
        yield opened


def bot(desk: Gateways, code: str) -> BotStandin:
    standin = desk.gateways[code]
    assert isinstance(standin, BotStandin)
    return standin


def chats(desk: Gateways, code: str) -> list[tuple[str, str]]:
    return [(one.chat_id, one.text) for one in bot(desk, code).journal.entries.values()]


def person(code: str, **more: str) -> dict[str, object]:
    return {"name": "Анна", "identities": [{"kind": code, "value": ANNA}], **more}


async def heard(desk: Gateways) -> MessageReceived:
    """Wait for a customer's message."""

    async def look() -> list[MessageReceived]:
        return [event for event in await desk.events() if isinstance(event, MessageReceived)]

    (event,) = await eventually(look, bool)
    return event


async def ended(desk: Gateways, *channels: str, **given: object) -> str:
    """Send a message and return the state in which it ends."""
    request = requested(channels=channels, **given)
    await desk.request(request)
    found = await eventually(desk.states, lambda states: states[request.message_id] != "pending")
    return found[request.message_id]


@pytest.mark.req("P.13")
async def test_a_customer_without_a_phone_is_written_to_by_the_id_that_they_have(desk: Gateways, code: str) -> None:
    async with worker(desk.context()):
        assert await ended(desk, code, "sms", person=person(code)) == "accepted"
    assert chats(desk, code) == [(ANNA, TEXT)]


async def test_who_has_no_id_there_is_written_to_by_the_next_channel(desk: Gateways, code: str) -> None:
    async with worker(desk.context()):
        await ended(desk, code, "sms")
        await eventually(
            lambda: desk.rows("SELECT FROM message WHERE channel = 'sms' AND state = 'delivered'"), bool
        )
    assert chats(desk, code) == []


@pytest.mark.req("P.10", "P.13")
async def test_what_a_customer_writes_is_theirs_by_the_id_of_the_messenger(desk: Gateways, code: str) -> None:
    desk.write(code, "Когда доставка?", ANNA)
    event = await heard(desk)
    (key,) = [row["key"] for row in await desk.rows("SELECT key FROM outbox")]
    assert [(one.kind, one.value) for one in event.person.identities] == [(IdentityKind(code), ANNA)]
    assert (event.channel, event.channel_code, event.person.text) == (code, code, "Когда доставка?")
    assert (event.person.phone, key) == (None, f"address:{code}:{ANNA}")


@pytest.mark.req("P.13")
async def test_a_contact_card_of_their_own_brings_the_phone(desk: Gateways, code: str) -> None:
    standin = bot(desk, code)
    standin.share_contact(next(iter(standin.accounts.values())), ANNA, PHONE)
    event = await heard(desk)
    kinds = [one.kind for one in event.person.identities]
    assert (event.person.phone, kinds) == (f"+{PHONE}", [IdentityKind(code), IdentityKind.PHONE])


@pytest.mark.req("P.14")
async def test_who_blocks_the_bot_is_not_written_to_until_they_start_it(desk: Gateways, code: str) -> None:
    standin = bot(desk, code)
    (account,) = standin.accounts.values()
    async with worker(desk.context()):
        standin.block(account, ANNA)
        await eventually(lambda: desk.rows(BARRED), bool)
        assert await ended(desk, code, person=person(code)) == "failed"
        standin.block(account, ANNA, away=False)
        await eventually(lambda: desk.rows(BARRED), lambda rows: not rows)
        assert await ended(desk, code, person=person(code)) == "accepted"
    assert [event.code for event in await desk.events() if isinstance(event, MessageFailed)] == ["opted_out"]


@pytest.mark.req("P.14")
async def test_who_was_found_to_block_the_bot_gets_the_next_channel_and_is_not_tried_again(
    desk: Gateways, code: str
) -> None:
    standin = bot(desk, code)
    standin.blocked = frozenset({ANNA})
    async with worker(desk.context()):
        for _ in range(2):
            await ended(desk, code, "sms", person=person(code, phone=f"+{PHONE}"))
        await eventually(
            lambda: desk.rows("SELECT FROM message WHERE state = 'delivered'"), lambda rows: len(rows) == 2
        )
    tried = await desk.rows("SELECT FROM attempt a JOIN channel c ON c.id = a.channel_id WHERE c.kind = $1", code)
    assert (len(tried), len(desk.texts("twilio"))) == (1, 2)


async def test_a_message_to_the_team_goes_to_its_group(desk: Gateways, code: str) -> None:
    async with worker(desk.context()):
        assert await ended(desk, "team", person={"name": "Анна"}) == "accepted"
    assert chats(desk, code) == [("-42", TEXT)]


@pytest.mark.req("P.1")
@pytest.mark.parametrize("failure", [Failure(Mode.LOSE, ""), Failure(Mode.HTTP_ACCEPTED, "502")])
async def test_a_lost_answer_is_not_sent_again(desk: Gateways, code: str, failure: Failure) -> None:
    bot(desk, code).dice.failures.append(failure)
    async with worker(desk.context(unknown_after=1.0)):
        await desk.request(requested(channels=(code, "sms"), person=person(code, phone=f"+{PHONE}")))
        await desk.until("unknown")
    assert (len(chats(desk, code)), desk.texts("twilio")) == (1, [])


async def test_the_token_of_a_bot_is_never_logged_or_stored_in_the_clear(
    desk: Gateways, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    bot(desk, code).dice.failures.append(Failure(Mode.TOKEN, ""))
    with capture_logs() as lines:
        async with worker(desk.context()):
            await desk.request(requested(channels=(code,), person=person(code)))
            await eventually(lambda: desk.rows("SELECT FROM channel WHERE halted_at IS NOT NULL"), bool)
    said = [
        one.getMessage() for one in caplog.records if one.name != "uvicorn.access"
    ]  # that is the messenger's own
    rows = [*await desk.rows("SELECT * FROM channel"), *await desk.rows("SELECT * FROM attempt")]
    (account,) = bot(desk, code).accounts.values()
    assert not [text for text in (*said, *map(str, lines), *map(str, rows)) if account.secret in text]


async def test_what_a_bot_is_for_follows_from_its_configuration_and_stays(
    notifications_db: Database, code: str
) -> None:
    own = {"provider": code, **gateway(code).config(gateway(code).demo())}
    group = {**own, "team_chat_id": "-42"}
    async with running_api(notifications_db) as api:
        made = await api.call("POST", "/channels", {"desk": DESK, "code": "bot", "config": own})
        crew = await api.call("POST", "/channels", {"desk": DESK, "code": "crew", "config": group})
        wrong = await api.call("POST", "/channels", {"desk": DESK, "code": "x", "kind": "team", "config": own})
        path = f"/channels/{made.json()['id']}"
        changed = await api.call("PATCH", path, {"config": {"team_chat_id": "-42"}}, if_match=made.headers["etag"])
        ordered = await api.call("POST", f"/channels/{crew.json()['id']}/subscribe")
    assert [(one.json()["kind"], one.json()["hook_path"] is None) for one in (made, crew)] == [
        (code, False),
        ("team", True),
    ]
    assert (wrong.status_code, changed.status_code, ordered.status_code) == (422, 422, 422)
    assert "no_reports" in ordered.text
