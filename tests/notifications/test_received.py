"""What customers write is kept once and published; so is what was typed to them in the provider's app (P.10)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from uuid import UUID

import pytest

from deploy.standins.wazzup.accounts import DEMO_CHANNEL
from libs.common.contracts import Cause, Received
from libs.common.contracts.intake import CustomerMerged, MessageResolved
from libs.common.contracts.notifications import MessageReceived
from libs.common.contracts.shared import Customer, Direction, MessageContent
from libs.common.contracts.tasks import LeadOwnerChanged
from libs.common.platform.db import Database
from libs.common.platform.ids import uuid7
from services.notifications.leads.actions import follow_leads
from services.notifications.merges.actions import follow_merges
from services.notifications.received.actions import resolve_messages
from services.notifications.webhooks.actions import apply_callbacks
from tests.notifications import support
from tests.notifications.api import Api, running_api
from tests.notifications.gateways import config, gateway, open_gateways
from tests.notifications.support import HOOK_KEY, Desk, callback, open_desk, requested, worker
from tests.notifications.test_feed import ANNA, known, write
from tests.notifications.test_webhooks import STATUS
from tests.support.patience import eventually

LEAD, CUSTOMER = UUID(int=7), UUID(int=8)


def said(message_id: object = "in-1", **members: object) -> dict[str, object]:
    """A message as the gateway reports it."""
    return {
        "messageId": message_id, "channelId": DEMO_CHANNEL, "chatType": "whatsapp", "chatId": "79000000001",
        "dateTime": datetime.now(UTC).isoformat(), "type": "text", "isEcho": False, "status": "inbound",
        "contact": {"name": "Анна"}, "text": "Где мой заказ?", **members,
    }  # fmt: skip


def echo(message_id: str = "out-1", **members: object) -> dict[str, object]:
    return said(message_id, isEcho=True, status="sent", **members)


async def published(desk: Desk) -> Sequence[MessageReceived]:
    return [event for event in await desk.events() if isinstance(event, MessageReceived)]


async def tell(db: Database, message_id: UUID, lead_id: UUID | None = LEAD) -> None:
    """Hear of intake whose a message is."""
    person = Customer(name="Анна Тестова", phone="+79000000001")
    data = MessageResolved(
        message_id=message_id, customer_id=CUSTOMER, lead_id=lead_id, zone="Asia/Omsk", person=person
    )
    async with db.begin() as tx:
        event = Received(uuid7(), f"customer:{CUSTOMER}", "demo", datetime.now(UTC), 1, Cause.fresh(), data)
        await resolve_messages(tx, [event])
        await tx.commit()


async def owned(db: Database, operator: UUID = ANNA, lead_id: UUID = LEAD) -> None:
    data = LeadOwnerChanged(lead_id=lead_id, from_operator_id=None, to_operator_id=operator, reason="taken")
    async with db.begin() as tx:
        event = Received(uuid7(), f"lead:{lead_id}", "demo", datetime.now(UTC), 1, Cause.fresh(), data)
        await follow_leads(tx, [event])
        await tx.commit()


@pytest.fixture
async def desk(notifications_db: Database) -> AsyncIterator[Desk]:
    async with open_desk(notifications_db) as opened:
        yield opened


@pytest.mark.req("U16", "P.10")
async def test_what_a_customer_writes_is_published_with_all_that_is_known_of_them(desk: Desk) -> None:
    await callback(desk.db, {"messages": [said()]})
    [event] = await published(desk)
    [row] = await desk.rows("SELECT key FROM outbox")
    assert row["key"] == "address:whatsapp:+79000000001"
    assert (event.channel_code, event.channel, event.direction) == ("main", "whatsapp", Direction.IN)
    assert (event.person.name, event.person.phone, event.person.text) == ("Анна", "+79000000001", "Где мой заказ?")


@pytest.mark.req("U16", "P.2")
async def test_the_same_message_again_changes_nothing(desk: Desk) -> None:
    for text in ("Где мой заказ?", "Где мой заказ? (исправлено)"):
        await callback(desk.db, {"messages": [said(text=text), said(text=text)]})
        await callback(desk.db, {"messages": [said(text=text, status="edited")]})
    rows = await desk.rows("SELECT text FROM received_message")
    assert ([row["text"] for row in rows], len(await published(desk))) == (["Где мой заказ?"], 1)


@pytest.mark.req("P.2")
async def test_the_same_message_from_many_sides_at_once_is_one(desk: Desk) -> None:
    bodies = [{"messages": [said(status=f"inbound{number}")]} for number in range(6)]
    await asyncio.gather(*(callback(desk.db, body) for body in bodies))
    assert len(await published(desk)) == 1


@pytest.mark.req("callback-mixed", "U16")
@pytest.mark.parametrize("text", ["a\x00b", "\ud83d"])
async def test_a_message_and_a_state_of_ours_come_in_one_body(desk: Desk, text: str) -> None:
    await callback(desk.db, None, json.dumps({"messages": [said(text=text)], "statuses": [STATUS, 7]}).encode())
    states = [row["state"] for row in await desk.rows("SELECT state FROM callback ORDER BY kind")]
    assert (len(await published(desk)), states) == (1, ["kept", "new"])
    assert len(await desk.rows("SELECT FROM unreadable")) == 1


@pytest.mark.parametrize(
    ("members", "content", "media"),
    [
        ({"type": "image", "contentUri": "https://cdn.example.com/1"}, "media", "https://cdn.example.com/1"),
        ({"type": "document", "contentUri": "https://cdn.example.com/2", "text": ""}, "media",
         "https://cdn.example.com/2"),
        ({"type": "geo"}, "location", None),
        ({"type": "missing_call", "text": None}, "unsupported", None),
        ({"type": "poll"}, "unsupported", None),
    ],
)  # fmt: skip
async def test_a_message_of_any_kind_is_kept(
    desk: Desk, members: dict[str, object], content: str, media: str | None
) -> None:
    await callback(desk.db, {"messages": [said(**members)]})
    [row] = await desk.rows("SELECT content, media FROM received_message")
    assert (row["content"], row["media"] and row["media"]["url"]) == (content, media)
    assert [event.content for event in await published(desk)] == [MessageContent(content)]


@pytest.mark.parametrize(
    "members", [{"chatType": "whatsgroup"}, {"type": "system"}, {"chatId": None}, {"chatId": "no number"}]
)
async def test_what_is_no_word_of_one_customer_is_no_message(desk: Desk, members: dict[str, object]) -> None:
    await callback(desk.db, {"messages": [said(**members)]})
    assert (await published(desk), len(await desk.rows("SELECT FROM callback"))) == ([], 1)


async def test_a_message_is_of_the_channel_that_it_names_whichever_webhook_it_comes_by(desk: Desk) -> None:
    await support.channel(desk.db, code="other", provider_channel_id="of-others", hook_key="hook-key-of-another")
    await callback(desk.db, {"messages": [said(channelId="of-others"), said("in-2", channelId="of-nobody")]})
    assert [event.channel_code for event in await published(desk)] == ["other", "main"]


async def test_a_channel_s_name_alone_makes_no_message_that_of_another_desk(notifications_db: Database) -> None:
    async with open_gateways(notifications_db, ["twilio"]) as desk:
        account = {**config("twilio", gateway("twilio").demo()), "sender": "+15005550099", "auth_token": "theirs"}
        await support.channel(desk.db, desk="theirs", config=account, hook_key="hook-key-of-another-desk")
        standin = desk.gateways["twilio"]
        [known_account] = standin.accounts.values()
        known_account.secret = "theirs"
        known_account.callbacks = known_account.callbacks.replace(f"{HOOK_KEY}-twilio", "hook-key-of-another-desk")
        desk.write("twilio", "Я клиент другого отдела", "+79000000001")
        await eventually(lambda: published(desk), bool)
        [row] = await desk.rows("SELECT desk FROM received_message")
    assert row["desk"] == "theirs"


@pytest.mark.parametrize(("at", "own"), [(datetime(2020, 1, 1, tzinfo=UTC), False), (datetime.now(UTC), True)])
async def test_the_time_is_the_message_s_own_where_that_can_be_true(desk: Desk, at: datetime, own: bool) -> None:
    await callback(desk.db, {"messages": [said(dateTime=at.isoformat())]})
    [event] = await published(desk)
    assert (event.at == at) is own


@pytest.mark.req("U16", "P.10")
async def test_what_was_typed_in_the_provider_s_app_is_outgoing(desk: Desk) -> None:
    await callback(desk.db, {"messages": [echo()]})
    await apply_callbacks(desk.db, 10, datetime.now(UTC))
    [event] = await published(desk)
    states = [row["state"] for row in await desk.rows("SELECT state FROM callback")]
    assert (event.direction, event.person.text, states) == (Direction.OUT, "Где мой заказ?", ["kept"])


@pytest.mark.req("P.10")
async def test_the_echo_of_a_message_of_ours_is_none_that_was_typed(desk: Desk) -> None:
    async with worker(desk.context()):
        await desk.request(requested())
        await desk.until("accepted")
        [entry] = desk.standin.journal.entries.values()
        await callback(desk.db, {"messages": [echo(entry.message_id, text=entry.text)]})
        await eventually(lambda: desk.rows("SELECT FROM callback WHERE state = 'new'"), lambda rows: not rows)
    assert await published(desk) == []


async def test_an_echo_waits_while_it_may_be_that_of_an_answer_that_is_out(desk: Desk) -> None:
    await desk.request(requested())
    await support.claim(desk.db)
    await callback(desk.db, {"messages": [echo()]})
    await apply_callbacks(desk.db, 10, datetime.now(UTC))
    assert (await published(desk), [r["state"] for r in await desk.rows("SELECT state FROM callback")]) == (
        [],
        ["new"],
    )


@pytest.mark.req("U16", "P.10", "P.13")
@pytest.mark.parametrize(
    ("code", "key"), [("whatsapp_cloud", "address:whatsapp:+79000000001"), ("twilio", "address:phone:+79000000001")]
)
async def test_other_providers_customers_are_read_too(notifications_db: Database, code: str, key: str) -> None:
    phone = "+79000000001" if code == "twilio" else "79000000001"
    async with open_gateways(notifications_db, [code]) as desk:
        desk.write(code, "Когда доставка?", phone)
        [event] = await eventually(lambda: published(desk), bool)
        [row] = await desk.rows("SELECT key FROM outbox")
    assert (row["key"], event.person.text, event.channel_code) == (key, "Когда доставка?", code)


# -- who sees it


@pytest.fixture
async def api(desk: Desk) -> AsyncIterator[Api]:
    async with running_api(desk.db) as running:
        yield running


async def received(desk: Desk, *messages: dict[str, object]) -> UUID:
    await callback(desk.db, {"messages": messages or [said()]})
    found: UUID = (await published(desk))[-1].message_id
    return found


@pytest.mark.req("U16")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        (f"lead_id={LEAD}", 1), (f"customer_id={CUSTOMER}", 1), ("direction=in", 1), ("direction=out", 0),
        ("of_no_lead=true", 0), (f"lead_id={CUSTOMER}", 0), ("desk=other", 0), ("", 1),
    ],
)  # fmt: skip
async def test_messages_are_listed_by_lead_customer_and_direction(
    desk: Desk, api: Api, query: str, found: int
) -> None:
    message_id = await received(desk)
    await tell(desk.db, message_id)
    items = (await api.call("GET", f"/received-messages?{query}", role="supervisor")).json()["items"]
    assert [item["id"] for item in items] == [str(message_id)] * found


async def merge(db: Database, loser: UUID, winner: UUID, *, undone: bool = False) -> None:
    """Hear of intake that customers were merged, or that this was taken back."""
    data = CustomerMerged(merge_id=uuid7(), customer_id=loser, winner_id=winner, undone=undone, actor="ann")
    async with db.begin() as tx:
        event = Received(uuid7(), f"customer:{loser}", "demo", datetime.now(UTC), 1, Cause.fresh(), data)
        await follow_merges(tx, [event])
        await tx.commit()


@pytest.mark.req("P.13", "P.15")
async def test_messages_of_customers_who_were_merged_are_of_each_of_them(desk: Desk, api: Api) -> None:
    await tell(desk.db, await received(desk))
    between, winner = UUID(int=21), UUID(int=22)
    await merge(desk.db, CUSTOMER, between)
    await merge(desk.db, between, winner)
    paths = [f"/received-messages?customer_id={one}" for one in (CUSTOMER, between, winner)]
    found = [len((await api.call("GET", path, role="supervisor")).json()["items"]) for path in paths]
    await merge(desk.db, CUSTOMER, between, undone=True)
    later = [len((await api.call("GET", path, role="supervisor")).json()["items"]) for path in paths]
    assert (found, later) == ([1, 1, 1], [1, 0, 0])


@pytest.mark.req("U16")
async def test_a_message_that_is_nobody_s_lead_is_seen_by_who_runs_the_desk(desk: Desk, api: Api) -> None:
    message_id = await received(desk)
    listed = await api.call("GET", "/received-messages?of_no_lead=true", role="supervisor")
    assert [(item["id"], item["lead_id"]) for item in listed.json()["items"]] == [(str(message_id), None)]
    assert (await api.call("GET", f"/received-messages/{message_id}", role="operator")).status_code == 404


@pytest.mark.req("U16", "P.6")
@pytest.mark.parametrize(("operator", "status"), [(ANNA, 200), (UUID(int=2), 404)])
async def test_an_operator_reads_the_messages_of_leads_that_are_theirs(
    desk: Desk, api: Api, operator: UUID, status: int
) -> None:
    await write(desk.db, known(ANNA, "operator"))
    await owned(desk.db, operator)
    message_id = await received(desk)
    await tell(desk.db, message_id)
    answer = await api.call("GET", f"/received-messages/{message_id}", role="operator")
    assert answer.status_code == status


@pytest.mark.req("U16")
async def test_who_is_responsible_finds_the_message_in_their_feed(desk: Desk, api: Api) -> None:
    await write(desk.db, known(ANNA, "operator"))
    await owned(desk.db)
    message_id = await received(desk)
    await tell(desk.db, message_id)
    [item] = (await api.call("GET", "/feed", role="operator")).json()["items"]
    assert (item["kind"], item["message_id"], item["text"]) == (
        "message_received",
        str(message_id),
        "Где мой заказ?",
    )
    assert (item["lead_id"], item["task_id"], item["customer"]["name"]) == (str(LEAD), None, "Анна Тестова")
