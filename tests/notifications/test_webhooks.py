"""The webhook: callbacks are committed before the answer, repeats are harmless, nothing is dropped (P.2)."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import httpx
import orjson
import pytest

from deploy.standins.client import http_client
from deploy.standins.faults import Mode
from deploy.standins.wazzup import KIND, Failure
from libs.common.connect.command.rules import Outcome, Verdict
from libs.common.platform.db import Database
from libs.common.platform.sealing import DataKeys
from services.notifications.channels.actions import change
from services.notifications.channels.schemas import ChangeChannel
from services.notifications.delivery.store import Result
from services.notifications.webhooks.actions import apply_callbacks
from tests.notifications import support
from tests.notifications.support import callback, claim, open_desk, record, requested, webhook_server, worker
from tests.support.patience import eventually

STATUS = {"messageId": "m-1", "timestamp": "2026-03-02T09:14:01.000Z", "status": "sent"}
INBOUND = {"messageId": "in-1", "dateTime": "2026-03-02T09:15:27.000Z", "isEcho": False, "text": "Где мой заказ?"}


class Webhook:
    """Our webhook over HTTP, and the rows that it stores."""

    def __init__(self, db: Database, http: httpx.AsyncClient, url: str) -> None:
        self.db = db
        self._http = http
        self._url = url

    async def post(self, body: object, url: str | None = None) -> int:
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        return (await self._http.post(url or self._url, content=content)).status_code

    async def unknown(self) -> int:
        return await self.post({"test": True}, self._url + "x")

    async def callbacks(self) -> list[tuple[str, str, str]]:
        rows = await self.db.pool.fetch("SELECT kind, status, state FROM callback ORDER BY id")
        return [(row["kind"], row["status"], row["state"]) for row in rows]

    async def unreadable(self) -> list[asyncpg.Record]:
        return await self.db.pool.fetch("SELECT reason, raw FROM unreadable ORDER BY id")


@pytest.fixture
async def webhook(notifications_db: Database) -> AsyncIterator[Webhook]:
    await support.channel(notifications_db)
    async with webhook_server(notifications_db) as url, http_client() as http:
        yield Webhook(notifications_db, http, url)


async def test_the_probe_is_answered_200_and_leaves_nothing(webhook: Webhook) -> None:
    assert await webhook.post({"test": True}) == 200
    assert (await webhook.callbacks(), await webhook.unreadable()) == ([], [])


async def test_an_unknown_key_is_404(webhook: Webhook) -> None:
    assert await webhook.unknown() == 404


async def test_messages_and_statuses_of_one_body_are_kept(webhook: Webhook) -> None:
    assert await webhook.post({"messages": [INBOUND], "statuses": [STATUS]}) == 200
    assert sorted(await webhook.callbacks()) == [("inbound", "inbound", "kept"), ("status", "sent", "new")]


@pytest.mark.req("P.2")
async def test_the_same_callback_twice_is_one(webhook: Webhook) -> None:
    for _ in range(2):
        assert await webhook.post({"statuses": [STATUS, STATUS]}) == 200
    assert await webhook.callbacks() == [("status", "sent", "new")]


async def test_the_same_callback_at_once_from_many_sides_is_one(webhook: Webhook) -> None:
    answers = await asyncio.gather(*(webhook.post({"statuses": [STATUS]}) for _ in range(8)))
    assert (set(answers), len(await webhook.callbacks())) == ({200}, 1)


async def test_one_body_forwards_and_backwards_at_once_does_not_deadlock(webhook: Webhook) -> None:
    body = [{**STATUS, "messageId": f"m-{n}"} for n in range(100)]
    answers = await asyncio.gather(*(webhook.post({"statuses": body[:: (-1) ** n]}) for n in range(8)))
    assert (set(answers), len(await webhook.callbacks())) == ({200}, 100)


async def test_a_time_out_of_range_loses_no_callback(webhook: Webhook) -> None:
    assert await webhook.post({"statuses": [{**STATUS, "timestamp": "0001-01-01T00:00:00+14:00"}]}) == 200
    assert await webhook.callbacks() == [("status", "sent", "new")]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"not json", "malformed_json"),
        (b"", "malformed_json"),
        (b'{"statuses": [{"messageId": "a\\u0000", "status": "sent"}]}', "statuses[0]"),
        (b"[" * 100_000, "malformed_json"),
        (b"[]", "body"),
        (b'{"templateStatus": {"name": "x"}}', "templateStatus[0]"),
    ],
)
async def test_what_cannot_be_read_is_kept_raw_and_answered_200(webhook: Webhook, body: bytes, reason: str) -> None:
    assert await webhook.post(body) == 200
    assert [(row["reason"], row["raw"]) for row in await webhook.unreadable()] == [(reason, body)]


@pytest.mark.req("callback-mixed")
@pytest.mark.parametrize("text", ["a\x00b", "\ud83d", "\udc00\ud800", "🌸\x00"])
async def test_a_text_that_cannot_be_stored_does_not_hide_its_neighbours(webhook: Webhook, text: str) -> None:
    body = json.dumps({"messages": [{**INBOUND, "text": text}], "statuses": [STATUS]}).encode()
    assert await webhook.post(body) == 200
    assert sorted(await webhook.callbacks()) == [("inbound", "inbound", "kept"), ("status", "sent", "new")]
    assert await webhook.unreadable() == []


@pytest.mark.req("callback-mixed")
@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n"])
async def test_a_mark_of_the_charset_does_not_hide_a_body(webhook: Webhook, mark: bytes) -> None:
    assert await webhook.post(mark + json.dumps({"statuses": [STATUS]}).encode()) == 200
    assert (await webhook.callbacks(), await webhook.unreadable()) == ([("status", "sent", "new")], [])


@pytest.mark.req("callback-mixed")
async def test_bytes_of_another_charset_do_not_hide_a_state(webhook: Webhook) -> None:
    said = json.dumps({**INBOUND, "text": "Анна"}, ensure_ascii=False).encode("windows-1251")
    assert await webhook.post(b'{"messages": [%s], "statuses": [%s]}' % (said, json.dumps(STATUS).encode())) == 200
    assert sorted(await webhook.callbacks()) == [("inbound", "inbound", "kept"), ("status", "sent", "new")]


async def test_a_strange_element_does_not_hide_its_neighbours(webhook: Webhook) -> None:
    await webhook.post({"statuses": [STATUS, {"status": 7}]})
    assert len(await webhook.callbacks()) == 1
    assert (await webhook.unreadable())[0]["reason"] == "statuses[1]"


async def test_a_callback_of_a_foreign_message_waits_and_ends_as_an_orphan(webhook: Webhook) -> None:
    await webhook.post({"statuses": [STATUS]})
    await apply_callbacks(webhook.db, 10, datetime.now(UTC))
    assert await webhook.callbacks() == [("status", "sent", "new")]
    await webhook.db.pool.execute(
        "UPDATE callback SET stored_at = stored_at - interval '25 hours', look_at = stored_at"
    )
    await apply_callbacks(webhook.db, 10, datetime.now(UTC))
    assert await webhook.callbacks() == [("status", "sent", "orphan")]


async def test_an_account_cannot_change_messages_of_another(notifications_db: Database) -> None:
    async with open_desk(notifications_db) as opened, http_client() as http:
        opened.standin.dice.profile = KIND.changed({"lose_callback": 1.0})
        async with worker(opened.context()):
            await opened.request(requested())
            await opened.until("accepted")
            (message_id,) = opened.standin.journal.entries
            await support.channel(notifications_db, code="other", api_key="other", hook_key="hook-key-of-another")
            account = next(iter(opened.standin.accounts.values()))
            url = str(account.webhooks_uri).replace(support.HOOK_KEY, "hook-key-of-another")
            await http.post(url, json={"statuses": [{**STATUS, "messageId": message_id, "status": "read"}]})
            await asyncio.sleep(0.5)
        assert list((await opened.states()).values()) == ["accepted"]


async def test_a_callback_that_waited_through_a_change_of_the_api_key_is_applied(
    notifications_db: Database,
) -> None:
    async with open_desk(notifications_db) as opened:
        await opened.request(requested())
        now = datetime.now(UTC)
        (taken,) = await claim(opened.db)
        await callback(opened.db, {"statuses": [STATUS]})
        await change(
            opened.db,
            DataKeys.parse(support.KEYS),
            opened.channel_id,
            None,
            1,
            ChangeChannel.model_validate({"api_key": "rotated"}),
        )
        answer = Outcome(Verdict.ACCEPTED, external_id=str(STATUS["messageId"]))
        await record(opened.db, Result(taken, answer))
        await apply_callbacks(opened.db, 10, now)
        assert list((await opened.states()).values()) == ["sent"]


async def test_a_spam_status_halts_the_channel(notifications_db: Database) -> None:
    async with open_desk(notifications_db) as opened:
        opened.standin.dice.failures.append(Failure(Mode.STATUS, "SPAM"))
        async with worker(opened.context()):
            await opened.request(requested())
            await opened.until("failed")
            halted = await eventually(lambda: opened.rows("SELECT FROM channel WHERE halted_code = 'SPAM'"), bool)
    assert len(halted) == 1
