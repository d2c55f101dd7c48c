"""E-mail from a playbook's request to its end: bounces, greylisting, doubts, and readers who want no more."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

import orjson
import pytest

from deploy.standins.faults import KIND, Failure, Mode
from deploy.standins.server import running
from deploy.standins.smtp import SmtpStandin
from libs.common.contracts import REGISTRY, EventData
from libs.common.contracts.notifications import AdvertisingSwitched, MessageFailed, MessageReceived
from libs.common.contracts.shared import Customer
from libs.common.contracts.tasks import MessageRequested
from libs.common.platform.db import Database
from services.notifications.channels.convert import webhook_path
from services.notifications.context import Context
from tests.notifications.api import Api, running_api
from tests.notifications.support import apply, approved_template, channel, context, requested, worker
from tests.support.patience import eventually

ANNA = "anna@example.org"
ADVERT = {"email": {"marketing": True}}


@dataclass
class Post:
    """A desk that writes letters, and the relay's stand-in."""

    db: Database
    url: str
    relay: SmtpStandin
    api: Api

    def context(self) -> Context:
        egress = f"{self.url.removeprefix('http://')},127.0.0.1:{self.relay.mail_port}"
        return context(self.db, self.url, egress_allow=egress, public_url=str(self.api.http.base_url))

    async def message(self) -> tuple[str, str | None]:
        (row,) = await self.db.pool.fetch("SELECT state, code FROM message")
        return row["state"], row["code"]

    async def known(self) -> list[Mapping[str, object]]:
        return [dict(row) for row in await self.db.pool.fetch("SELECT * FROM address")]

    async def letters(self) -> list[str]:
        return [entry.text for entry in self.relay.journal.entries.values()]

    async def link(self) -> str:
        (letter,) = await eventually(self.letters, bool)
        return letter.partition("List-Unsubscribe: <")[2].partition(">")[0]


@asynccontextmanager
async def opened(db: Database, variants: Mapping[str, object]) -> AsyncIterator[Post]:
    await approved_template(db, variants=variants)
    relay = SmtpStandin([account := SmtpStandin.demo()], replace(KIND, callback_delay=0.01))
    async with running(relay) as url, running_api(db, url) as api:
        account.callbacks = f"{api.http.base_url}{webhook_path('smtp', 'hook-key-of-letters')}"
        config = {"provider": "smtp", **SmtpStandin.config(account), "port": relay.mail_port}
        await channel(db, config=config, code="mail", hook_key="hook-key-of-letters")
        yield Post(db, url, relay, api)


@pytest.fixture
async def post(notifications_db: Database) -> AsyncIterator[Post]:
    async with opened(notifications_db, {}) as found:
        yield found


@pytest.fixture
async def adverts(notifications_db: Database) -> AsyncIterator[Post]:
    async with opened(notifications_db, ADVERT) as found:
        yield found


def wanted(address: str = ANNA, **changes: object) -> MessageRequested:
    return requested(person=Customer(name="Анна", email=address), channels=("email",), **changes)


async def test_a_letter_is_sent_once_and_accepted(post: Post) -> None:
    async with worker(ctx := post.context()):
        await apply(ctx, wanted())
        await eventually(post.message, lambda found: found == ("accepted", None))
    assert len(await post.letters()) == 1


@pytest.mark.req("P.14")
async def test_an_unknown_address_is_remembered_and_not_written_to_again(post: Post) -> None:
    async with worker(ctx := post.context()):
        await apply(ctx, wanted("anna0000@example.org"))
        await eventually(post.message, lambda found: found == ("failed", "smtp_5.1.1"))
        await apply(ctx, wanted("anna0000@example.org"))
    rows = await post.db.pool.fetch("SELECT code FROM message ORDER BY id")
    assert ([row["code"] for row in rows], await post.letters()) == (["smtp_5.1.1", "unreachable"], [])


async def test_a_bounce_that_comes_later_fails_its_letter(post: Post) -> None:
    post.relay.dice.failures.append(Failure(Mode.STATUS, "5.1.1"))
    async with worker(ctx := post.context()):
        await apply(ctx, wanted())
        await eventually(post.message, lambda found: found == ("failed", "smtp_5.1.1"))
    (row,) = await post.known()
    assert (row["address"], row["unreachable_until"] is not None, len(await post.letters())) == (ANNA, True, 1)


async def test_greylisting_is_waited_for_with_the_same_envelope(post: Post) -> None:
    post.relay.dice.failures.append(Failure(Mode.CODE, "451 4.7.1 Greylisted"))
    async with worker(ctx := post.context()):
        await apply(ctx, wanted())
        held = """SELECT id, code, expires_at, due_at > clock_timestamp() + interval '4 minutes' AS waits
                  FROM attempt"""
        (before,) = await eventually(lambda: post.db.pool.fetch(held), lambda rows: rows[0]["code"] is not None)
        await post.db.pool.execute("UPDATE attempt SET due_at = clock_timestamp()")
        await eventually(post.message, lambda found: found == ("accepted", None))
    (letter,) = await post.letters()
    assert (before["waits"], f"<{UUID(str(before['id'])).hex}@example.com>" in letter) == (True, True)
    assert before["expires_at"] - ctx.core.clock.now() > timedelta(days=1)


async def test_a_letter_to_whom_is_erased_meanwhile_goes_nowhere(post: Post) -> None:
    post.relay.dice.failures.append(Failure(Mode.CODE, "451 4.7.1 Greylisted"))
    async with worker(ctx := post.context()):
        await apply(ctx, wanted())
        held = "SELECT FROM attempt WHERE code IS NOT NULL"
        await eventually(lambda: post.db.pool.fetch(held), bool)
        await post.db.pool.execute("UPDATE attempt SET address = '', due_at = clock_timestamp()")
        await eventually(post.message, lambda found: found == ("failed", "erased"))
    assert await post.letters() == []


async def test_a_bounce_that_blames_our_protocol_halts_no_channel(post: Post) -> None:
    post.relay.dice.failures.append(Failure(Mode.STATUS, "5.5.0"))
    async with worker(ctx := post.context()):
        await apply(ctx, wanted())
        await eventually(post.message, lambda found: found == ("failed", "smtp_5.5.0"))
    assert await post.db.pool.fetchval("SELECT halted_code FROM channel") is None


async def test_a_letter_without_an_answer_is_never_sent_twice_and_a_bounce_still_settles_it(post: Post) -> None:
    post.relay.dice.failures.append(Failure(Mode.LOSE, ""))
    async with worker(ctx := post.context()):
        await apply(ctx, wanted())
        waiting = "SELECT reference FROM attempt WHERE state = 'waiting'"
        name = await eventually(lambda: post.db.pool.fetchval(waiting), bool)
        assert len(await post.letters()) == 1
        await bounce(post, name)
        await eventually(post.message, lambda found: found == ("failed", "smtp_5.1.1"))


async def bounce(post: Post, name: str) -> None:
    letter = (
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n--b\n'
        f"Content-Type: message/delivery-status\n\nOriginal-Envelope-Id: {name}\n\n"
        f"Final-Recipient: rfc822;{ANNA}\nAction: failed\nStatus: 5.1.1\n\n--b--\n"
    )
    url, headers = next(iter(post.relay.accounts.values())).callbacks, {"content-type": "message/rfc822"}
    (await post.api.http.post(url, content=letter.encode(), headers=headers)).raise_for_status()


@pytest.mark.req("P.14")
async def test_one_click_ends_advertisements_by_all_channels_once(adverts: Post) -> None:
    async with worker(ctx := adverts.context()):
        await apply(ctx, wanted())
        link = await adverts.link()
        asked = await adverts.api.http.get(link)
        assert (asked.status_code, await adverts.known()) == (200, [])
        for _ in range(2):
            done = await adverts.api.http.post(link, data={"List-Unsubscribe": "One-Click"})
            assert (done.status_code, "Рекламы" in done.text) == (200, True)
        await apply(ctx, wanted())
    (event,) = [one for one in await events(adverts) if isinstance(one, AdvertisingSwitched)]
    (again,) = [one for one in await events(adverts) if isinstance(one, MessageFailed)]
    assert (event.wanted, event.person.identities[0].value, again.code) == (False, ANNA, "opted_out")


async def events(post: Post) -> list[EventData]:
    rows = await post.db.pool.fetch("SELECT type, body FROM outbox ORDER BY id")
    return [REGISTRY[row["type"]].model_validate(orjson.loads(row["body"])) for row in rows]


@pytest.mark.req("P.14")
async def test_a_complaint_that_names_nothing_but_the_letter_ends_advertisements(adverts: Post) -> None:
    async with worker(ctx := adverts.context()):
        await apply(ctx, wanted())
        name = (await adverts.link()).rpartition("/")[2]
        letter = (
            'Content-Type: multipart/report; report-type=feedback-report; boundary="b"\n\n--b\n'
            "Content-Type: message/feedback-report\n\nFeedback-Type: abuse\n"
            f"Original-Mail-From: <bounce+{name}@example.com>\n\n--b--\n"
        )
        await adverts.api.http.post(next(iter(adverts.relay.accounts.values())).callbacks, content=letter.encode())
    (row,) = await adverts.known()
    assert (row["address"], row["opted_out_of_marketing"]) == (ANNA, True)


@pytest.mark.parametrize("token", ["0" * 32, "nonsense"])
async def test_a_link_that_is_none_of_ours_ends_nothing(post: Post, token: str) -> None:
    url = f"/notifications/v1/unsubscribe/{token}"
    answers = [await post.api.http.get(url), await post.api.http.post(url)]
    assert [one.json()["code"] for one in answers] == ["not_found", "not_found"]


@pytest.mark.req("P.13")
async def test_what_a_customer_answers_is_their_message(post: Post) -> None:
    account = next(iter(post.relay.accounts.values()))
    callback = post.relay.inbound(account, ANNA, "Можно завтра?")
    assert callback is not None
    post.relay.later(callback)
    found = await eventually(lambda: events(post), bool)
    (event,) = found
    assert isinstance(event, MessageReceived)
    assert (event.channel, event.person.text, event.person.name) == ("email", "Можно завтра?", "Anna")


@pytest.mark.req("P.1")
async def test_a_nasty_relay_gets_no_letter_twice(post: Post) -> None:
    post.relay.dice.profile = replace(KIND, lose_answer=0.3, refuse_503=0.3, repeat_callback=0.5)
    under_way = "SELECT count(*) FROM attempt WHERE state = 'sending' OR (state = 'pending' AND tries = 0)"
    async with worker(ctx := post.context()):
        await apply(ctx, *(wanted(f"customer-{number}@example.org") for number in range(24)))
        for _ in range(3):  # greylisting is waited for
            await eventually(lambda: post.db.pool.fetchval(under_way), lambda count: count == 0)
            await post.db.pool.execute("UPDATE attempt SET due_at = clock_timestamp() WHERE state = 'pending'")
        await eventually(lambda: post.db.pool.fetchval(under_way), lambda count: count == 0)
    rows = await post.db.pool.fetch("SELECT state FROM attempt")
    assert (post.relay.journal.twice(), len(rows)) == ([], 24)
    assert {"accepted", "waiting"} <= {row["state"] for row in rows} <= {"accepted", "waiting", "pending"}
