"""Rehearsals of messages: each channel with its text, by the code that prepares real ones, and nothing stored."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from libs.common.contracts.shared import Customer
from libs.common.contracts.tasks import MessageRequested
from libs.common.platform.clock import ManualClock
from libs.common.platform.db import Database
from tests.notifications.api import Api, running_api
from tests.notifications.gateways import Gateways, open_gateways
from tests.notifications.support import approved_template, requested

Json = dict[str, Any]
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
BOTH = ("whatsapp", "sms")
REGISTERED = {"name": "order_new", "languages": {"ru": "ru"}, "parameters": [], "buttons": [], "marketing": False}
MESSAGE = "SELECT channel, provider, address, text, language, segments, state, code, template_version FROM message"


@pytest.fixture
async def desk(notifications_db: Database) -> AsyncIterator[Gateways]:
    async with open_gateways(notifications_db, ["wazzup", "twilio"], clock=ManualClock(NOW)) as opened:
        yield opened


@pytest.fixture
async def api(notifications_db: Database, desk: Gateways) -> AsyncIterator[Api]:
    async with running_api(notifications_db, desk.url) as opened:
        yield opened


async def rehearsed(api: Api, message: MessageRequested) -> Json:
    body = {"desk": "demo", "message": message.model_dump(mode="json")}
    answer = await api.call("POST", "/rehearsals?dry_run=true", body)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def stored(desk: Gateways) -> list[int]:
    tables = ("message", "attempt", "outbox", "stream")
    return [await desk.db.pool.fetchval(f"SELECT count(*) FROM {table}") for table in tables]


NOBODY = Customer(name="Анна")
ASKED = [
    {},
    {"language": "en", "channels": BOTH},
    {"channels": ("sms",)},
    {"channels": ("telegram",)},
    {"template": "unknown"},
    {"person": NOBODY, "channels": BOTH},
    {"variables": {}},
    {"deadline": NOW - timedelta(days=400)},
    {"deadline": datetime(2100, 1, 1, tzinfo=UTC), "channels": BOTH},
]


@pytest.mark.req("U7")
@pytest.mark.parametrize("changes", ASKED, ids=lambda changes: "-".join(changes) or "plain")
async def test_a_rehearsal_says_what_becomes_of_the_message(desk: Gateways, api: Api, changes: Json) -> None:
    said = await rehearsed(api, requested(**changes))
    await desk.request(requested(**changes))
    [row] = await desk.rows(MESSAGE)
    tried = next((rung for rung in said["rungs"] if rung["code"] is None), None)
    shown = ("channel", "provider", "address", "text", "language", "segments")
    assert (said["state"], said["code"], said["template_version"]) == (
        row["state"], row["code"], row["template_version"]
    )  # fmt: skip
    assert tried is None or {name: tried[name] for name in shown} == {name: row[name] for name in shown}
    assert (tried is None) == (row["state"] == "failed")


async def test_each_channel_has_its_text_and_the_segments_of_an_sms(desk: Gateways, api: Api) -> None:
    said = await rehearsed(api, requested(channels=BOTH))
    text = "Здравствуйте, Анна! Заказ 1042 принят"
    assert [(rung["number"], rung["channel"], rung["text"], rung["segments"]) for rung in said["rungs"]] == [
        (1, "whatsapp", text, None), (2, "sms", text, 1),
    ]  # fmt: skip


async def test_a_rehearsal_stores_nothing(desk: Gateways, api: Api) -> None:
    before = await stored(desk)
    await rehearsed(api, requested(channels=BOTH))
    await rehearsed(api, requested(template="unknown"))
    assert await stored(desk) == before


async def test_a_message_that_was_sent_is_rehearsed_again(desk: Gateways, api: Api) -> None:
    request = requested()
    await desk.request(request)
    assert (await rehearsed(api, request))["state"] == "pending"


@pytest.mark.parametrize("column", ["opted_out", "unreachable_until"])
async def test_an_address_that_may_not_be_written_to_is_said(desk: Gateways, api: Api, column: str) -> None:
    until = {"opted_out": (True, None), "unreachable_until": (False, datetime(2100, 1, 1, tzinfo=UTC))}[column]
    await desk.db.pool.execute(
        "INSERT INTO address (desk, kind, address, opted_out, unreachable_until, opted_out_of_marketing, code,"
        " changed_at) VALUES ('demo', 'whatsapp', '79000000001', $1, $2, false, '', now())", *until,
    )  # fmt: skip
    said = await rehearsed(api, requested())
    assert (said["state"], [rung["code"] for rung in said["rungs"]]) == ("failed", [column.removesuffix("_until")])


async def test_a_halted_channel_is_said(desk: Gateways, api: Api) -> None:
    await desk.db.pool.execute("UPDATE channel SET halted_at = now(), halted_code = 'x'")
    said = await rehearsed(api, requested())
    assert [rung["code"] for rung in said["rungs"]] == ["channel_halted"]


@pytest.mark.parametrize(("variants", "code", "registered"), [
    ({}, "window_closed", None), ({"whatsapp": {"registered": REGISTERED}}, None, "order_new"),
])  # fmt: skip
async def test_free_text_needs_a_registered_template_or_an_open_window(
    notifications_db: Database, variants: Json, code: str | None, registered: str | None
) -> None:
    async with open_gateways(notifications_db, ["whatsapp_cloud"], clock=ManualClock(NOW)) as desk:
        if variants:
            await approved_template(notifications_db, variants=variants)
        async with running_api(notifications_db, desk.url) as api:
            [rung] = (await rehearsed(api, requested()))["rungs"]
    assert (rung["code"], rung["registered"]) == (code, registered)


async def test_only_an_administrator_of_the_desk_rehearses(api: Api) -> None:
    body = {"desk": "demo", "message": requested().model_dump(mode="json")}
    supervisor = await api.call("POST", "/rehearsals", body, role="supervisor")
    elsewhere = await api.call("POST", "/rehearsals", body, desk="other")
    assert (supervisor.status_code, elsewhere.status_code) == (403, 404)
