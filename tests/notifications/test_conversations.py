"""Conversations: one thread per customer over all channels and both directions, and who sees it (P.10)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from libs.common.contracts import Cause, Received
from libs.common.contracts.intake import MessageResolved, PartnerChanged
from libs.common.contracts.shared import Customer, Language, Text
from libs.common.platform.db import Database
from libs.common.platform.ids import uuid7
from services.notifications.conversations.store import follow_partners, make_up
from services.notifications.received.actions import resolve_messages
from services.notifications.sending.rules import Doubt, Sending
from services.notifications.sending.schemas import QuietPart
from services.notifications.sending.store import write_sending
from services.notifications.webhooks.actions import apply_callbacks
from tests.notifications.api import Api, running_api
from tests.notifications.support import Desk, callback, channel, open_desk, requested
from tests.notifications.test_feed import ANNA, BORIS, known, write
from tests.notifications.test_received import CUSTOMER, LEAD, echo, owned, published, said, tell

PARTNER, NOW = UUID(int=9), datetime.now(UTC)
Json = dict[str, Any]


@pytest.fixture
async def desk(notifications_db: Database) -> AsyncIterator[Desk]:
    async with open_desk(notifications_db) as opened:
        await write(notifications_db, known(ANNA, "operator"), known(BORIS, "boris"))
        yield opened


async def test_a_customer_and_a_lead_may_be_asked_for_together(api: Api) -> None:
    both = f"customer_id={CUSTOMER}&lead_id={LEAD}"
    answers = [await api.call("GET", f"/{name}?{both}") for name in ("conversations", "received-messages")]
    assert [answer.status_code for answer in answers] == [200, 200]


@pytest.fixture
async def api(desk: Desk) -> AsyncIterator[Api]:
    async with running_api(desk.db) as running:
        yield running


async def resolve(desk: Desk, **changes: object) -> None:
    """Let intake say whose all messages are."""
    fields = {"customer_id": CUSTOMER, "lead_id": LEAD, "zone": "Asia/Omsk"}
    person = Customer(name="Анна Тестова", phone="+79000000001")
    async with desk.db.begin() as tx:
        for event in await published(desk):
            data = MessageResolved.model_validate(
                {**fields, "message_id": event.message_id, "person": person, **changes}
            )
            key = f"customer:{data.customer_id}"
            await resolve_messages(tx, [Received(uuid7(), key, "demo", NOW, 1, Cause.fresh(), data)])
        await tx.commit()


def ago(minutes: float) -> str:
    return (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat()


async def hear(desk: Desk, *messages: Json) -> None:
    """Store messages and echoes as the provider's callbacks bring them."""
    await callback(desk.db, {"messages": messages})
    await apply_callbacks(desk.db, 100, datetime.now(UTC))


async def listed(api: Api, query: str = "", role: str = "supervisor", **headers: str) -> list[Json]:
    answer = await api.call("GET", f"/conversations?{query}", role=role, **headers)
    assert answer.status_code == 200, answer.text
    items: list[Json] = answer.json()["items"]
    return items


async def timeline(api: Api, of: UUID = CUSTOMER, query: str = "") -> list[Json]:
    answer = await api.call("GET", f"/conversations/{of}/messages?{query}", role="supervisor")
    items: list[Json] = answer.json()["items"]
    return items


@pytest.mark.req("P.10")
async def test_all_channels_and_both_ways_are_one_thread_in_the_order_of_their_own_times(
    desk: Desk, api: Api
) -> None:
    await channel(desk.db, code="other", provider_channel_id="of-others", hook_key="hook-key-of-another")
    await desk.request(requested(customer_id=CUSTOMER, lead_id=LEAD))
    await hear(desk, said("1", dateTime=ago(9)), said("2", channelId="of-others", dateTime=ago(5)))
    await hear(desk, echo("3", dateTime=ago(7), text="Сейчас узнаю"))
    await resolve(desk)
    [by_playbook, *rest] = await timeline(api)
    shown = [(one["by"], one["channel_code"]) for one in rest]
    assert shown == [("customer", "other"), ("app", "main"), ("customer", "main")]
    assert (by_playbook["by"], by_playbook["state"]) == ("playbook", "pending")


@pytest.mark.req("P.10", "P.14")
async def test_a_message_of_a_thread_that_waits_says_until_when_and_why(desk: Desk, api: Api) -> None:
    await hear(desk, said("1", dateTime=ago(9)))
    await resolve(desk)
    always = QuietPart(starts="00:01", ends="00:00").quiet()  # all day but for a minute
    async with desk.db.pool.acquire() as conn:
        await write_sending(conn, "demo", Sending(always, doubt=Doubt.CANDIDATES))
    await desk.request(requested(customer_id=CUSTOMER, lead_id=LEAD, zone_source="desk"))
    held, heard = await timeline(api)
    assert (held["held_for"], held["held_until"] is None, heard["waits"]) == ("quiet_hours", False, None)
    assert held["waits"]["en"].endswith("so it is night by the desk's clock.")
    assert "по времени отдела" in held["waits"]["ru"]


@pytest.mark.req("P.10")
async def test_a_thread_says_who_it_is_how_it_stands_and_how_to_answer(desk: Desk, api: Api) -> None:
    await owned(desk.db)
    await hear(desk, said("1", dateTime=ago(3)), said("2", text="Алло?", dateTime=ago(1)))
    await resolve(desk)
    [one] = await listed(api)
    assert (one["id"], one["lead_id"], one["operator"]["id"]) == (str(CUSTOMER), str(LEAD), str(ANNA))
    assert (one["customer"]["name"], one["customer"]["zone"], one["name"]) == ("Анна Тестова", "Asia/Omsk", "Анна")
    assert (one["last_message"]["text"], one["last_message"]["direction"]) == ("Алло?", "in")
    first = datetime.fromisoformat(one["unanswered_since"])
    assert timedelta(minutes=2.9) < datetime.now(UTC) - first < timedelta(minutes=4)
    assert [(way["code"], way["last"], way["free_text"]) for way in one["ways"]] == [("main", True, True)]


@pytest.mark.req("P.10", "S2.9")
@pytest.mark.parametrize("late", [True, False])
async def test_what_was_typed_in_the_app_answers_what_came_before_it_in_any_order(
    desk: Desk, api: Api, *, late: bool
) -> None:
    before, reply, after = said("1", dateTime=ago(9)), echo("2", dateTime=ago(5)), said("3", dateTime=ago(1))
    for one in (before, after, reply) if late else (before, reply, after):
        await hear(desk, one)
    await resolve(desk)
    [thread] = await listed(api, "unanswered=true")
    waiting = datetime.now(UTC) - datetime.fromisoformat(thread["unanswered_since"])
    assert waiting < timedelta(minutes=2)


@pytest.mark.req("P.10")
async def test_a_message_whose_customer_is_not_known_yet_stands_by_its_address(desk: Desk, api: Api) -> None:
    await hear(desk, said())
    [waiting] = await listed(api)
    assert (waiting["customer_id"], waiting["known_by"][0]["value"]) == (None, "+79000000001")
    [message] = await timeline(api, UUID(waiting["id"]))
    await resolve(desk)
    assert [one["id"] for one in await listed(api)] == [str(CUSTOMER)]
    assert [one["id"] for one in await timeline(api)] == [message["id"]]


@pytest.mark.req("P.10")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("unanswered=true", 1), ("unanswered=false", 0), (f"customer_id={CUSTOMER}", 1), (f"lead_id={LEAD}", 1),
        (f"lead_id={CUSTOMER}", 0), ("q=тестова", 1), ("q=8 (900) 000-00-01", 1), ("q=Борис", 0), ("q=%25", 0),
        ("desk=other", 0), ("whose=unassigned", 1), ("whose=mine", 0),
    ],
)  # fmt: skip
async def test_threads_are_found_by_what_is_known_of_them(desk: Desk, api: Api, query: str, found: int) -> None:
    await hear(desk, said())
    await resolve(desk)
    assert len(await listed(api, query)) == found


@pytest.mark.req("P.10")
async def test_threads_and_messages_are_paged_newest_first(desk: Desk, api: Api) -> None:
    for number in range(3):
        await hear(desk, said(str(number), chatId=f"7900000000{number}", dateTime=ago(9 - number)))
    pages, cursor = [], ""
    for _ in range(3):
        answer = (await api.call("GET", f"/conversations?limit=1{cursor}", role="supervisor")).json()
        pages += [one["known_by"][0]["value"] for one in answer["items"]]
        cursor = f"&cursor={answer.get('next_cursor')}"
    assert pages == ["+79000000002", "+79000000001", "+79000000000"]


@pytest.mark.req("P.10", "P.6")
@pytest.mark.parametrize(("owner", "seen"), [(ANNA, 1), (None, 1), (BORIS, 0)])
async def test_an_operator_sees_their_own_threads_and_nobody_s(
    desk: Desk, api: Api, owner: UUID | None, seen: int
) -> None:
    if owner is not None:
        await owned(desk.db, owner)
    await hear(desk, said())
    await resolve(desk)
    answer = await api.call("GET", f"/conversations/{CUSTOMER}/messages", role="operator")
    assert (len(await listed(api, role="operator")), answer.status_code == 200) == (seen, bool(seen))


@pytest.mark.req("S2.9", "P.10")
async def test_a_thread_whose_customer_has_a_newer_lead_is_found_by_both_and_seen_by_who_works_either(
    desk: Desk, api: Api
) -> None:
    newer = UUID(int=77)
    await owned(desk.db, ANNA)
    await owned(desk.db, BORIS, newer)
    await hear(desk, said("1", dateTime=ago(9)), said("2", dateTime=ago(5)))
    for event, lead_id in zip(await published(desk), (LEAD, newer), strict=True):
        await tell(desk.db, event.message_id, lead_id)
    found = [len(await listed(api, f"lead_id={lead}")) for lead in (LEAD, newer)]
    assert (found, len(await listed(api, role="operator")), len(await listed(api, "whose=mine", "operator"))) == (
        [1, 1], 1, 1,
    )  # fmt: skip


def card(operator_id: UUID | None) -> PartnerChanged:
    return PartnerChanged(
        partner_id=PARTNER, code="clinic", title=Text(ru="Клиника", en="Clinic"), version=2,
        language=Language.RU, zone="Europe/Moscow", operator_id=operator_id, person=Customer(),
    )  # fmt: skip


@pytest.mark.req("P.10", "P.6")
async def test_the_partner_s_operator_sees_the_threads_of_its_customers_and_a_new_one_after_them(
    desk: Desk, api: Api
) -> None:
    await owned(desk.db, BORIS)
    await hear(desk, said())
    await resolve(desk, partner_id=PARTNER, partner_operator_id=ANNA)
    before = await listed(api, role="operator")
    async with desk.db.begin() as tx:
        event = Received(uuid7(), f"partner:{PARTNER}", "demo", NOW, 2, Cause.fresh(), card(BORIS))
        await follow_partners(tx, [event])
        await tx.commit()
    assert (len(before), await listed(api, role="operator")) == (1, [])


@pytest.mark.req("P.10", "P.6")
async def test_another_desk_sees_nothing_of_a_thread(desk: Desk, api: Api) -> None:
    await hear(desk, said())
    await resolve(desk)
    found = await api.call("GET", f"/conversations/{CUSTOMER}", role="supervisor", desk="other")
    assert (await listed(api, desk="other"), found.status_code) == ([], 404)


async def test_what_went_to_a_partner_is_no_part_of_the_customer_s_conversation(desk: Desk, api: Api) -> None:
    await hear(desk, said())
    await resolve(desk)
    await desk.request(requested(customer_id=CUSTOMER, lead_id=LEAD, to_customer=False))
    assert [one["by"] for one in await timeline(api)] == ["customer"]


@pytest.mark.req("P.5", "P.10")
async def test_the_feed_says_that_a_customer_was_answered_in_the_app(desk: Desk, api: Api) -> None:
    await owned(desk.db)
    await hear(desk, echo(text="Сейчас узнаю"))
    await resolve(desk)
    [item] = (await api.call("GET", "/feed", role="operator")).json()["items"]
    assert (item["kind"], item["text"]) == ("message_answered", "Сейчас узнаю")


async def test_threads_of_messages_that_the_release_before_stored_are_made_up_for(desk: Desk, api: Api) -> None:
    await hear(desk, said())
    await resolve(desk)
    await desk.db.pool.execute("DELETE FROM thread")
    await make_up(desk.db, most=1)
    assert [one["id"] for one in await listed(api)] == [str(CUSTOMER)]


@pytest.mark.req("P.7", "P.10")
async def test_who_read_a_conversation_is_in_the_audit_log(desk: Desk, api: Api) -> None:
    await hear(desk, said())
    await resolve(desk)
    await timeline(api)
    shown = await api.call("GET", f"/audit?customer_id={CUSTOMER}", role="admin")
    assert [one["operation"] for one in shown.json()["items"]] == ["list_conversation_messages"]
