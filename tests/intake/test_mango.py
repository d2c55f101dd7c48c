"""Calls of Mango Office, from the webhook to the contact."""

import asyncio
from itertools import permutations

import pytest

from libs.common.contracts.intake import ContactRecorded, LeadReceivedV2
from libs.common.contracts.shared import ContactKind
from libs.common.platform.ids import uuid7
from tests.intake.api import Api
from tests.intake.payloads import raw_of

NEW = {"desk": "demo", "code": "line", "playbook": "callback", "zone": "Europe/Moscow"}
MANGO = {"format": "mango", "api_key": "vpbx-key-invented"}
RINGS = ("call_appeared", "call_connected", "call_disconnected")


async def webhook(api: Api) -> str:
    made = await api.ok("POST", "/sources", {**NEW, "config": MANGO, "secret": "vpbx-salt-invented"})
    return str(made["hook"])


async def post(api: Api, url: str, *samples: str) -> None:
    for sample in samples:
        raw = raw_of(f"mango/{sample}")
        answer = await api.send("POST", f"{url}/events/call", content=raw.body, headers=raw.headers)
        assert (answer.status_code, answer.text) == (200, ""), answer.text


@pytest.mark.req("S0.4")
async def test_a_ring_shows_the_customer_and_opens_their_lead(api: Api) -> None:
    await post(api, await webhook(api), "call_appeared")
    [call], [lead] = await api.said(ContactRecorded), await api.said(LeadReceivedV2)
    assert (call.kind, call.lead_id, call.line) == (ContactKind.CALL_IN, lead.lead_id, "74955550101")


@pytest.mark.req("P.11")
async def test_a_call_is_one_contact_with_its_length_and_who_took_it(api: Api) -> None:
    await post(api, await webhook(api), *RINGS, "summary_answered")
    *_, call = await api.said(ContactRecorded)
    assert (call.kind, call.duration, call.extension) == (ContactKind.CALL_IN, 44, "101")
    assert (await api.count("contact"), await api.count("lead")) == (1, 1)


@pytest.mark.req("S2.10")
async def test_a_missed_call_is_published_once(api: Api) -> None:
    await post(api, await webhook(api), "call_appeared", "summary_missed", "summary_missed", "call_appeared")
    kinds = [call.kind for call in await api.said(ContactRecorded)]
    assert kinds == [ContactKind.CALL_IN, ContactKind.MISSED]


async def test_a_ring_that_arrives_after_the_end_changes_nothing(api: Api) -> None:
    await post(api, await webhook(api), "summary_missed", "call_connected", "call_appeared")
    [call] = await api.said(ContactRecorded)
    assert call.kind is ContactKind.MISSED


@pytest.mark.req("P.2")
async def test_an_event_that_arrives_twice_at_once_is_one(api: Api) -> None:
    url = await webhook(api)
    await asyncio.gather(*(post(api, url, "summary_missed") for _ in range(4)))
    rows = await api.ctx.core.db.pool.fetch("SELECT disposition FROM delivery ORDER BY disposition")
    assert [row["disposition"] for row in rows] == ["accepted", "repeat", "repeat", "repeat"]
    assert len(await api.said(ContactRecorded)) == 1


async def test_an_outgoing_call_is_recorded_for_whom_was_called(api: Api) -> None:
    await post(api, await webhook(api), "summary_outgoing")
    [call] = await api.said(ContactRecorded)
    assert (call.kind, call.person.phone, call.extension, call.duration) == (
        ContactKind.CALL_OUT, "+79000000001", "101", 60,
    )  # fmt: skip


async def test_a_call_between_colleagues_is_understood_and_no_contact(api: Api) -> None:
    await post(api, await webhook(api), "summary_internal")
    listed = await api.ok("GET", "/deliveries?kind=contact")
    assert [each["disposition"] for each in listed["items"]] == ["noted"]  # type: ignore[attr-defined] # a JSON list
    assert await api.count("contact") == 0


async def test_a_wrong_signature_is_refused(api: Api) -> None:
    raw = raw_of("mango/summary_missed")
    answer = await api.send(
        "POST", await webhook(api), content=raw.body.replace(b"74955550101", b"74955550102"), headers=raw.headers
    )
    assert (answer.status_code, await api.count("delivery")) == (401, 0)


async def test_an_exchange_cannot_be_made_without_its_salt(api: Api) -> None:
    answer = await api.call("POST", "/sources", {**NEW, "config": MANGO})
    assert answer.status_code == 422


async def test_a_new_salt_of_the_cabinet_is_taken(api: Api) -> None:
    made = await api.ok("POST", "/sources", {**NEW, "config": MANGO, "secret": "an-earlier-salt-of-it"})
    await api.ok("POST", f"/sources/{made['id']}/rotate", {"secret": "vpbx-salt-invented"})
    await post(api, str(made["hook"]), "summary_missed")
    assert await api.count("contact") == 1


@pytest.mark.req("P.11", "S0.4")
async def test_who_takes_a_call_is_the_operator_of_that_telephone_and_who_is_only_rung_is_not(api: Api) -> None:
    url, anna, boris = await webhook(api), uuid7(), uuid7()
    await api.hire("anna", operator_id=anna, extension="101")
    await api.hire("boris", operator_id=boris, extension="102", active=False)
    await post(api, url, "call_appeared", "call_connected", "summary_answered", "call_connected")
    assert [call.operator_id for call in await api.said(ContactRecorded)][:2] == [None, anna]
    assert await api.ctx.core.db.pool.fetchval("SELECT operator_id FROM contact") == anna


async def test_a_telephone_that_two_share_names_neither(api: Api) -> None:
    for who in ("anna", "boris"):
        await api.hire(who, extension="101")
    await post(api, await webhook(api), "summary_answered")
    assert [call.operator_id for call in await api.said(ContactRecorded)] == [None]


@pytest.mark.req("P.11")
@pytest.mark.parametrize("order", [*permutations(("recording_completed", "summary_answered"))])
async def test_a_recording_is_of_its_call_in_either_order(api: Api, order: tuple[str, ...]) -> None:
    await post(api, await webhook(api), "recording_started", *order, "recording_completed")
    [call] = {event.contact_id: event for event in await api.said(ContactRecorded)}.values()
    row = await api.ctx.core.db.pool.fetchrow("SELECT recording, kind FROM contact")
    assert call.recording == f"/intake/v1/contacts/{call.contact_id}/recording"
    assert row is not None
    assert tuple(row) == ("aW52ZW50ZWQtcmVjb3JkaW5nLTE=", "call_in")
    assert await api.count("early_recording") == 0


async def test_a_recording_and_its_call_that_come_at_once_find_each_other(api: Api) -> None:
    url = await webhook(api)
    await asyncio.gather(post(api, url, "summary_answered"), post(api, url, "recording_completed"))
    assert await api.ctx.core.db.pool.fetchval("SELECT recording IS NOT NULL FROM contact")
