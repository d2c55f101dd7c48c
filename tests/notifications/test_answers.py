"""Answers that people write: in free text while the window is open, by a template at any time (P.10, S2.9)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from deploy.standins.faults import KIND
from libs.common.contracts.notifications import MessageFailed, MessageSent
from libs.common.platform.db import Database
from tests.notifications.api import Api, running_api
from tests.notifications.gateways import Gateways, open_gateways
from tests.notifications.support import Desk, approved_template, open_desk, worker
from tests.notifications.test_conversations import Json, hear, listed, resolve, timeline
from tests.notifications.test_feed import ANNA, BORIS, known, write
from tests.notifications.test_received import CUSTOMER, LEAD, owned, published, said
from tests.support.logged import logged
from tests.support.patience import eventually

PATH = f"/conversations/{CUSTOMER}/messages"
TEXT = {"text": "Заказ уже в пути"}


@pytest.fixture
async def desk(notifications_db: Database) -> AsyncIterator[Desk]:
    async with open_desk(notifications_db) as opened:
        await write(notifications_db, known(ANNA, "operator"), known(BORIS, "boris"))
        await owned(notifications_db)
        await hear(opened, said())
        await resolve(opened)
        yield opened


@pytest.fixture
async def api(desk: Desk) -> AsyncIterator[Api]:
    async with running_api(desk.db) as running:
        yield running


async def answered(desk: Desk) -> MessageSent:
    """Send what is to be sent, and return the step of it."""
    async with worker(desk.context()):
        await desk.until("accepted")
    [sent] = [event for event in await desk.events() if isinstance(event, MessageSent)]
    return sent


@pytest.mark.req("P.10", "S2.9")
async def test_an_answer_goes_by_the_channel_of_the_question_and_says_who_wrote_it(desk: Desk, api: Api) -> None:
    made = await api.call("POST", PATH, TEXT, role="operator")
    sent = await answered(desk)
    [entry] = desk.standin.journal.entries.values()
    assert (made.status_code, entry.text, entry.chat_id) == (201, TEXT["text"], "79000000001")
    assert (str(sent.message_id), sent.actor, sent.operator_id) == (made.json()["id"], "operator", ANNA)
    assert (sent.lead_id, sent.customer_id, sent.process_id, sent.at) == (LEAD, CUSTOMER, None, sent.at)


@pytest.mark.req("P.10")
async def test_an_answer_stands_in_the_thread_with_its_state_and_ends_the_waiting(desk: Desk, api: Api) -> None:
    await api.call("POST", PATH, TEXT, role="operator")
    first, _ = await timeline(api)
    [thread] = await listed(api)
    assert (first["by"], first["text"], first["state"]) == ("person", TEXT["text"], "pending")
    assert (first["author"], first["operator"]["id"], first["channel_code"]) == ("operator", str(ANNA), "main")
    assert (thread["unanswered_since"], thread["last_message"]["text"]) == (None, TEXT["text"])


@pytest.mark.req("P.5", "P.10")
async def test_a_supervisor_s_answer_is_news_to_who_works_the_lead(desk: Desk, api: Api) -> None:
    await api.call("POST", PATH, TEXT, role="supervisor")
    [item, _] = (await api.call("GET", "/feed", role="operator")).json()["items"]
    assert (item["kind"], item["text"], item["lead_id"]) == ("message_answered", TEXT["text"], str(LEAD))


@pytest.mark.req("P.2", "P.10")
async def test_an_answer_that_is_pressed_again_is_one(desk: Desk, api: Api) -> None:
    calls = [await api.call("POST", PATH, TEXT, role="operator", idempotency_key="one") for _ in range(3)]
    [message_id] = {answer.json()["id"] for answer in calls}
    assert list(await desk.states()) == [UUID(message_id)]


@pytest.mark.req("P.10", "P.6")
@pytest.mark.parametrize(("owner", "status"), [(BORIS, 404), (ANNA, 201)])
async def test_nobody_answers_for_another_operator(desk: Desk, api: Api, owner: UUID, status: int) -> None:
    await desk.db.pool.execute("DELETE FROM feed_item")  # who had the lead before still sees it
    await desk.db.pool.execute("UPDATE lead_operator SET owner_id = $1", owner)
    assert (await api.call("POST", PATH, TEXT, role="operator")).status_code == status


@pytest.mark.req("P.10", "S2.5")
async def test_an_approved_template_is_filled_with_variables_and_the_customer_s_name(desk: Desk, api: Api) -> None:
    body = {"template": "order_received", "variables": {"order_number": "1042"}}
    made = (await api.call("POST", PATH, body, role="operator")).json()
    assert (made["text"], made["template"]) == ("Здравствуйте, Анна Тестова! Заказ 1042 принят", "order_received")


@pytest.mark.req("P.14")
async def test_an_advertisement_that_a_person_sends_is_one_and_counts_as_one(desk: Desk, api: Api) -> None:
    await approved_template(desk.db, "sale", variants={"whatsapp": {"marketing": True}})
    await desk.db.pool.execute("INSERT INTO sending (desk, marketing_a_week) VALUES ('demo', 1)")
    body = {"template": "sale", "variables": {"order_number": "1042"}}
    first, second = [await api.call("POST", PATH, body, role="operator") for _ in range(2)]
    marked = await desk.rows("SELECT marketing FROM message")
    assert (first.status_code, [row["marketing"] for row in marked]) == (201, [True])
    assert (second.status_code, second.json()["reason"]) == (409, "frequency_cap")


@pytest.mark.req("P.10")
@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({}, None), ({**TEXT, "template": "order_received"}, None), ({"text": "  "}, "/text"),
        ({**TEXT, "channel": "nowhere"}, "/channel"), ({"template": "nothing_such"}, "/template"),
        ({"text": "x" * 10_001}, "/text"),
    ],
)  # fmt: skip
async def test_what_cannot_be_meant_is_refused_with_its_place(
    desk: Desk, api: Api, body: Json, fault: str | None
) -> None:
    refused = await api.call("POST", PATH, body, role="operator")
    places = [one["pointer"] for one in refused.json()["errors"]]
    assert (refused.status_code, fault in places or fault is None) == (422, True)


@pytest.mark.req("S4.20")
async def test_a_letter_s_text_reaches_the_conversation_and_no_log(desk: Desk, api: Api) -> None:
    letter = "Вход: https://school.example/login?token=kanareika7 Логин: anna@example.com Пароль: hunter22"
    with logged("notifications") as log:
        made = await api.call("POST", PATH, {"text": letter}, role="operator")
        await api.call("GET", "/messages", role="admin")
    [message, _] = await timeline(api)
    assert (made.status_code, message["text"], "request" in log.getvalue()) == (201, letter, True)
    assert [word for word in ("hunter22", "kanareika7", "anna@example.com") if word in log.getvalue()] == []


@pytest.mark.req("P.10")
async def test_a_gap_in_a_template_is_refused_and_nothing_is_stored(desk: Desk, api: Api) -> None:
    refused = await api.call("POST", PATH, {"template": "order_received"}, role="operator")
    assert (refused.status_code, refused.json()["code"]) == (409, "message_refused")
    assert (refused.json()["reason"], await desk.states()) == ("template_unfilled", {})


@pytest.mark.req("P.10", "P.14")
async def test_who_wants_no_messages_is_not_written_to(desk: Desk, api: Api) -> None:
    await desk.db.pool.execute(
        "INSERT INTO address (desk, kind, address, opted_out, opted_out_of_marketing, code, changed_at)"
        " VALUES ('demo', 'whatsapp', '79000000001', true, true, 'stop', now())"
    )
    refused = await api.call("POST", PATH, TEXT, role="operator")
    [way] = (await listed(api))[0]["ways"]
    assert (refused.json()["reason"], way["refusal"]) == ("opted_out", "opted_out")


@pytest.mark.req("P.10")
async def test_an_address_without_a_customer_is_not_answered_yet(desk: Desk, api: Api) -> None:
    await hear(desk, said("2", chatId="79000000002"))
    [new] = [one for one in await listed(api) if one["customer_id"] is None]
    refused = await api.call("POST", f"/conversations/{new['id']}/messages", TEXT, role="supervisor")
    assert (refused.status_code, refused.json()["reason"]) == (409, "customer_unknown")


@pytest.mark.req("P.10", "P.5")
async def test_who_answered_in_vain_is_told_and_the_customer_waits_again(desk: Desk, api: Api) -> None:
    await desk.db.pool.execute("UPDATE channel SET halted_code = 'test', halted_at = now()")
    refused = await api.call("POST", PATH, TEXT, role="operator")
    await desk.db.pool.execute("UPDATE channel SET halted_code = NULL, halted_at = NULL")
    await api.call("POST", PATH, TEXT, role="operator")
    await desk.db.pool.execute("UPDATE attempt SET expires_at = now() - interval '1 second'")
    async with worker(desk.context()):
        await desk.until("failed")
    [item, *_] = (await api.call("GET", "/feed", role="operator")).json()["items"]
    [thread] = await listed(api, "unanswered=true")
    [failed] = [event for event in await desk.events() if isinstance(event, MessageFailed)]
    assert (refused.json()["reason"], item["kind"], thread["id"]) == (
        "channel_halted",
        "message_failed",
        str(CUSTOMER),
    )
    assert (failed.actor, failed.purpose) == ("operator", "reply")


@pytest.mark.req("P.10", "P.6")
@pytest.mark.parametrize(("role", "status"), [("operator", 409), ("supervisor", 201)])
async def test_a_channel_says_who_may_answer_in_free_text(desk: Desk, api: Api, role: str, status: int) -> None:
    path = f"/channels/{desk.channel_id}"
    changed = await api.call("PATCH", path, {"free_text_roles": ["supervisor"]}, if_match='"1"')
    [way] = (await listed(api, role=role))[0]["ways"]
    answer = await api.call("POST", PATH, TEXT, role=role)
    assert (changed.status_code, way["free_text"], answer.status_code) == (200, status == 201, status)


# -- the window in which a provider allows free text


@pytest.fixture
async def cloud(notifications_db: Database) -> AsyncIterator[Gateways]:
    async with open_gateways(notifications_db, ["whatsapp_cloud"], KIND) as opened:
        await write(notifications_db, known(ANNA, "operator"))
        opened.write("whatsapp_cloud", "Когда доставка?")
        await eventually(lambda: published(opened), bool)
        await resolve(opened)
        yield opened


@pytest.mark.req("P.10")
async def test_free_text_is_sent_within_the_window_and_the_thread_says_until_when(cloud: Gateways) -> None:
    async with running_api(cloud.db) as api, worker(cloud.context()):
        [way] = (await listed(api))[0]["ways"]
        made = await api.call("POST", PATH, TEXT, role="operator")
        await cloud.until("accepted")
    assert (way["free_text"], way["free_text_until"] is not None, made.status_code) == (True, True, 201)
    assert cloud.texts("whatsapp_cloud") == [TEXT["text"]]


@pytest.mark.req("P.10", "S2.5")
async def test_outside_of_the_window_free_text_is_refused_with_what_is_possible(cloud: Gateways) -> None:
    await cloud.db.pool.execute("UPDATE conversation SET heard_at = heard_at - interval '25 hours'")
    await approved_template(cloud.db, "hello", {"ru": "Здравствуйте!"})
    async with running_api(cloud.db) as api:
        refused = await api.call("POST", PATH, TEXT, role="operator")
        [way] = (await listed(api))[0]["ways"]
    problem = refused.json()
    assert (refused.status_code, problem["code"], way["free_text"]) == (409, "free_text_closed", False)
    assert ("hello" in problem["templates"], problem["channels"]) == (True, [])
