"""Messages that notifications received: whose they are, of which lead, what is published (P.10, P.13)."""

import asyncio
from uuid import UUID

import pytest

from libs.common.contracts import Cause, Received
from libs.common.contracts.intake import ContactRecorded, LeadReceivedV2, MessageResolved
from libs.common.contracts.notifications import MessageReceived
from libs.common.contracts.shared import Direction, Identity, IdentityKind, MessageContent, Speaker, Stage
from libs.common.platform.db import Transaction
from libs.common.platform.ids import uuid7
from services.intake.messages.actions import resolve_messages
from tests.intake.api import NOW, Api, order
from tests.intake.test_accept_races import blocked, delivery_row, store
from tests.intake.test_active_playbooks import FIRST, activated
from tests.intake.test_contacts_api import ANNA, keys
from tests.intake.test_leads_api import wish
from tests.intake.test_partners import a_partner

PHONE = "+79161234567"
WHATSAPP = Identity(kind=IdentityKind.WHATSAPP, value=PHONE)
BSUID = Identity(kind=IdentityKind.BSUID, value="RU.10000000000000000001")


def message(*known_by: Identity, direction: Direction = Direction.IN, **person: object) -> MessageReceived:
    """A message of Anna's to the channel `main`."""
    identities = known_by or (WHATSAPP,)
    given = {"name": "Анна", "text": "Где мой заказ?", "identities": identities, **person}
    return MessageReceived(
        message_id=uuid7(), channel_id=uuid7(), channel="whatsapp", channel_code="main", provider="test",
        direction=direction, content=MessageContent.TEXT, at=NOW, person=Speaker.model_validate(given),
    )  # fmt: skip


async def resolved(api: Api) -> MessageResolved:
    """Return what was said last of a message."""
    return (await api.said(MessageResolved))[-1]


@pytest.mark.req("U16", "P.10")
async def test_a_customer_s_message_belongs_to_their_newest_live_lead(api: Api) -> None:
    lead_id = (await api.deliver(await api.source(), order(phone=ANNA)))["lead_id"]
    await api.hear(given := message())
    [contact] = await api.said(ContactRecorded)
    found = await resolved(api)
    assert (str(contact.lead_id), contact.message_id, contact.person.text) == (
        lead_id,
        given.message_id,
        "Где мой заказ?",
    )
    assert (found.message_id, str(found.lead_id), found.person.phone) == (given.message_id, lead_id, PHONE)
    assert await api.count("lead") == 1


@pytest.mark.req("U16", "P.10", "P.13")
async def test_a_stranger_becomes_a_lead_of_the_source_that_names_the_channel(api: Api) -> None:
    await api.source(channel="main")
    await api.hear(activated(first_status=FIRST))
    await api.hear(message())
    [lead], [contact] = await api.said(LeadReceivedV2), await api.said(ContactRecorded)
    assert (lead.order, lead.source, lead.status, lead.person.phone) == (None, "landing", "fresh", PHONE)
    assert (lead.lead_id, lead.customer_id) == (contact.lead_id, (await resolved(api)).customer_id)
    key = f"lead:{lead.lead_id}"
    assert [k for k, _ in await keys(api)] == [key, key, f"customer:{lead.customer_id}"]


@pytest.mark.req("P.10")
async def test_a_customer_whose_lead_is_over_gets_a_new_one_by_the_channel(api: Api) -> None:
    lead_id = (await api.deliver(await api.source(channel="main"), order(phone=ANNA)))["lead_id"]
    await api.hear(wish(UUID(lead_id), "won", Stage.WON))
    await api.hear(message())
    first, second = await api.said(LeadReceivedV2)
    assert ((await resolved(api)).lead_id, second.customer_id) == (second.lead_id, first.customer_id)


@pytest.mark.req("S4.16", "P.10")
@pytest.mark.parametrize("direction", [Direction.IN, Direction.OUT])
async def test_a_message_of_one_who_has_bought_is_of_the_lead_they_bought_by(
    api: Api, direction: Direction
) -> None:
    url = await api.source(channel="main", keeps_buyers=True)
    lead_id = (await api.deliver(url, order(phone=ANNA)))["lead_id"]
    await api.hear(wish(UUID(lead_id), "won", Stage.WON))
    await api.hear(message(direction=direction))
    [contact] = await api.said(ContactRecorded)
    found = (str(contact.lead_id), str((await resolved(api)).lead_id), await api.count("lead"))
    assert found == (lead_id, lead_id, 1)


@pytest.mark.req("S4.16", "P.10")
async def test_one_who_has_bought_and_orders_anew_writes_of_the_new_order(api: Api) -> None:
    url = await api.source(channel="main", keeps_buyers=True)
    lead_id = (await api.deliver(url, order(phone=ANNA)))["lead_id"]
    await api.hear(wish(UUID(lead_id), "won", Stage.WON))
    again = (await api.deliver(url, order(phone=ANNA, external_id="anew")))["lead_id"]
    await api.hear(message())
    assert str((await resolved(api)).lead_id) == again


@pytest.mark.req("P.10")
async def test_who_has_not_bought_gets_a_new_lead_of_a_source_that_keeps_buyers(api: Api) -> None:
    lead_id = (await api.deliver(await api.source(channel="main", keeps_buyers=True), order(phone=ANNA)))["lead_id"]
    await api.hear(wish(UUID(lead_id), "lost", Stage.LOST))
    await api.hear(message())
    assert (await api.count("lead"), str((await resolved(api)).lead_id) != lead_id) == (2, True)


@pytest.mark.req("U16", "P.10")
async def test_a_stranger_on_a_channel_that_no_source_names_is_known_and_opens_no_lead(api: Api) -> None:
    await api.source()
    await api.hear(message())
    found = await resolved(api)
    assert (found.lead_id, found.person.name) == (None, "Анна")
    assert [await api.count(table) for table in ("customer", "lead", "contact")] == [1, 0, 0]


@pytest.mark.req("P.10")
async def test_an_order_of_who_wrote_before_is_of_the_same_customer(api: Api) -> None:
    url = await api.source()
    await api.hear(message())
    await api.deliver(url, order(phone=ANNA))
    [lead] = await api.said(LeadReceivedV2)
    assert lead.customer_id == (await resolved(api)).customer_id


@pytest.mark.req("P.10")
async def test_what_was_typed_in_the_app_is_of_the_lead_and_opens_none(api: Api) -> None:
    await api.source(channel="main")
    await api.hear(message(direction=Direction.OUT))
    assert ((await resolved(api)).lead_id, await api.count("lead")) == (None, 0)
    await api.hear(message())
    await api.hear(message(direction=Direction.OUT))
    lead_id = (await resolved(api)).lead_id
    assert (lead_id is not None, await api.count("lead")) == (True, 1)
    assert (await api.said(ContactRecorded))[-1].direction is Direction.OUT


@pytest.mark.req("P.13")
async def test_a_number_and_an_account_that_one_message_shows_are_one_customer(api: Api) -> None:
    await api.source(channel="main")
    for known_by in ((WHATSAPP, BSUID), (BSUID,), (WHATSAPP,)):
        await api.hear(message(*known_by))
    assert [await api.count(table) for table in ("customer", "lead", "contact")] == [1, 1, 3]


async def test_whom_a_message_does_not_show_is_no_customer(api: Api) -> None:
    await api.source()
    await api.hear(message(Identity(kind=IdentityKind.PHONE, value="+7100")))
    assert [await api.count(table) for table in ("customer", "lead", "outbox")] == [0, 0, 0]


@pytest.mark.req("P.2")
async def test_a_name_with_a_link_is_kept_without_it(api: Api) -> None:
    await api.source(channel="main")
    await api.hear(message(name="Анна www.casino.example/win"))
    [lead] = await api.said(LeadReceivedV2)
    assert lead.person.name == "Анна"


# -- races


async def apply(api: Api, given: MessageReceived, tx: Transaction) -> None:
    received = Received(uuid7(), "address:x", "demo", NOW, 1, Cause.fresh(), given)
    await resolve_messages(api.ctx.core.clock)(tx, [received])


@pytest.mark.req("P.13")
@pytest.mark.parametrize("second", [(WHATSAPP,), (BSUID,), (BSUID, WHATSAPP)])
async def test_two_messages_of_one_stranger_at_once_are_one_customer_with_one_lead(
    api: Api, second: tuple[Identity, ...]
) -> None:
    await api.source(channel="main")
    async with api.ctx.core.db.begin() as first, api.ctx.core.db.begin() as other:
        await apply(api, message(WHATSAPP, BSUID), first)
        waiting = asyncio.create_task(apply(api, message(*second), other))
        await blocked(api.ctx.core.db)
        await first.commit()
        await waiting
        await other.commit()
    assert [await api.count(table) for table in ("customer", "lead", "contact")] == [1, 1, 2]


@pytest.mark.req("P.13")
async def test_a_message_that_overlaps_an_order_is_of_the_order_s_lead(api: Api) -> None:
    await api.source(channel="main")
    async with api.ctx.core.db.pool.acquire() as conn, api.ctx.core.db.begin() as tx:
        await conn.execute("BEGIN")
        await store(conn, delivery_row("1", ANNA))
        waiting = asyncio.create_task(apply(api, message(), tx))
        await blocked(api.ctx.core.db)
        await conn.execute("COMMIT")
        await waiting
        await tx.commit()
    assert [await api.count(table) for table in ("customer", "lead", "contact")] == [1, 1, 1]


@pytest.mark.req("P.13")
async def test_an_order_that_overlaps_a_message_is_of_its_customer(api: Api) -> None:
    await api.source(channel="main")
    async with api.ctx.core.db.begin() as tx, api.ctx.core.db.pool.acquire() as conn:
        await apply(api, message(), tx)
        waiting = asyncio.create_task(store(conn, delivery_row("1", ANNA)))
        await blocked(api.ctx.core.db)
        await tx.commit()
        await waiting
    assert await api.count("customer") == 1
    assert len(await api.ctx.core.db.pool.fetch("SELECT DISTINCT customer_id FROM lead")) == 1


# -- the source that names a channel


async def test_a_channel_is_one_source_s(api: Api) -> None:
    await api.source(channel="main")
    body = {"desk": "demo", "code": "two", "format": "landing", "auth": "none", "playbook": "callback",
            "zone": "Europe/Moscow", "channel": "main"}  # fmt: skip
    answer = await api.call("POST", "/sources", body)
    [fault] = answer.json()["errors"]
    assert (answer.status_code, fault["pointer"], fault["code"]) == (422, "/channel", "channel_taken")


async def test_a_channel_is_given_taken_away_and_free_again(api: Api) -> None:
    made = await api.ok("POST", "/sources", {"desk": "demo", "code": "one", "format": "landing", "auth": "none",
                                             "playbook": "callback", "zone": "Europe/Moscow"})  # fmt: skip
    await api.channels("main")
    path, seen = f"/sources/{made['id']}", []
    for version, channel in enumerate(("main", None), 1):
        headers = {"if-match": f'"{version}"'}
        seen.append((await api.ok("PATCH", path, {"channel": channel}, headers=headers))["channel"])
    await api.source(channel="main")
    assert seen == ["main", None]


@pytest.mark.req("U5", "U22")
async def test_a_channel_that_the_desk_has_not_is_refused_with_those_it_has(api: Api) -> None:
    await api.channels("main", "sms")
    await api.channels("old", active=False)
    body = {"desk": "demo", "code": "two", "format": "landing", "auth": "none", "playbook": "callback",
            "zone": "Europe/Moscow"}  # fmt: skip
    refused = [await api.call("POST", "/sources", {**body, "channel": code}) for code in ("mian", "old")]
    made = await api.ok("POST", "/sources", {**body, "channel": "sms"})
    wrong = await api.call("PATCH", f"/sources/{made['id']}", {"channel": "smss"}, headers={"if-match": '"1"'})
    faults = [answer.json()["errors"][0] for answer in (*refused, wrong)]
    assert [(fault["pointer"], fault["code"]) for fault in faults] == [("/channel", "unknown_channel")] * 3
    assert [fault["detail"].partition("есть: ")[2] for fault in faults] == ["main", "main, sms", "sms"]


@pytest.mark.req("P.10", "P.6")
async def test_a_message_names_its_lead_s_partner_and_who_works_for_it(api: Api) -> None:
    card = await a_partner(api, operator_id=str(uuid7()))
    await api.deliver(await api.source(partner="salon"), order(phone=ANNA))
    await api.hear(message())
    found = await resolved(api)
    assert [str(found.partner_id), str(found.partner_operator_id)] == [card["id"], card["operator_id"]]
