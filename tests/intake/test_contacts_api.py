"""Calls and messages over HTTP: whose they are, which lead they belong to, what is published."""

import asyncio
import json
from datetime import timedelta
from uuid import UUID

import pytest

from libs.common.contracts.desks import PlaybookActivatedV2
from libs.common.contracts.intake import ContactRecorded, LeadReceivedV2
from libs.common.contracts.shared import Stage
from libs.common.platform.ids import uuid7
from services.intake.playbooks.actions import project_playbooks
from tests.intake.api import NOW, Api, order, received_of
from tests.intake.test_active_playbooks import FIRST, WROTE_BEFORE, activated
from tests.intake.test_leads_api import owner, wish

ANNA = "8 916 123-45-67"


def call(kind: str = "missed", **members: object) -> dict[str, object]:
    return {
        "desk": "demo",
        "source": "landing",
        "kind": kind,
        "at": NOW.isoformat(),
        "phone": ANNA,
        **members,
    }


def message(direction: str = "in", **members: object) -> dict[str, object]:
    return call("message", direction=direction, message_id=str(uuid7()), **members)


async def record(api: Api, body: dict[str, object]) -> dict[str, object]:
    answer = await api.call("POST", "/contacts", body, role="service")
    assert answer.is_success, answer.text
    document: dict[str, object] = answer.json()
    return document


async def keys(api: Api) -> list[tuple[str, str]]:
    rows = await api.ctx.core.db.pool.fetch("SELECT key, type FROM outbox ORDER BY id")
    return [(row["key"], row["type"]) for row in rows]


@pytest.mark.req("S2.10", "S3.6")
async def test_a_missed_call_of_a_stranger_opens_a_lead_without_an_order(api: Api) -> None:
    await api.source()
    await api.hear(activated(first_status=FIRST))
    found = await record(api, call(external_id="m-1"))
    [received], [recorded] = await api.said(LeadReceivedV2), await api.said(ContactRecorded)
    assert (received.order, received.status, received.person.phone) == (None, "fresh", "+79161234567")
    assert received.contact is not None
    assert received.contact.contact_id == recorded.contact_id
    assert (str(recorded.lead_id), str(recorded.customer_id)) == (found["lead_id"], found["customer_id"])


@pytest.mark.req("S4.16", "S2.10")
@pytest.mark.parametrize("kind", ["missed", "call_in"])
async def test_a_call_of_a_buyer_is_of_the_lead_they_bought_by_where_the_playbook_calls_back(
    api: Api, kind: str
) -> None:
    url = await api.source(keeps_buyers=True)
    await api.hear(activated(returns_calls=True))
    lead_id = await buyer(api, url)
    found = await record(api, call(kind))
    [recorded] = await api.said(ContactRecorded)
    assert (found["lead_id"], str(recorded.lead_id), await api.count("lead")) == (lead_id, lead_id, 1)


@pytest.mark.req("S4.16", "S2.10")
@pytest.mark.parametrize("kind", ["missed", "call_in"])
@pytest.mark.parametrize(
    "before",
    [[], [activated()], [activated(returns_calls=True), activated(version=2)]],
    ids=["unheard", "no", "no more"],
)
async def test_a_call_of_a_buyer_opens_a_lead_where_the_playbook_would_lose_call_or_sale(
    api: Api, kind: str, before: list[PlaybookActivatedV2]
) -> None:
    url = await api.source(keeps_buyers=True)
    for said in before:
        await api.hear(said)
    lead_id = await buyer(api, url)
    found = await record(api, call(kind))
    assert (found["lead_id"] != lead_id, len(await api.said(LeadReceivedV2))) == (True, 2)


@pytest.mark.req("S4.16", "S2.10")
async def test_a_buyer_of_a_version_that_did_not_call_back_gets_a_lead_after_it_was_mended(api: Api) -> None:
    url = await api.source(keeps_buyers=True)
    await api.hear(activated())
    lead_id = await buyer(api, url)
    api.clock.advance(timedelta(minutes=1))
    mended = received_of(activated(version=2, returns_calls=True))._replace(time=api.clock.now(), sequence=2)
    async with api.ctx.core.db.begin() as tx:
        await project_playbooks(tx, [mended])
        await tx.commit()
    assert (await record(api, call()))["lead_id"] != lead_id


@pytest.mark.req("S2.10", "S4.16")
async def test_a_buyer_of_a_version_that_the_release_before_wrote_gets_a_lead(api: Api) -> None:
    url = await api.source(keeps_buyers=True)
    await api.hear(activated(returns_calls=True))
    await api.ctx.core.db.pool.execute(WROTE_BEFORE)
    lead_id = await buyer(api, url)
    assert (await record(api, call()))["lead_id"] != lead_id


async def buyer(api: Api, url: str) -> str:
    """Anna buys; return her lead."""
    lead_id = (await api.deliver(url, order(phone=ANNA)))["lead_id"]
    await api.hear(wish(UUID(lead_id), "won", Stage.WON))
    return lead_id


@pytest.mark.req("S4.16")
async def test_a_call_of_one_who_has_not_bought_opens_a_lead_though_buyers_are_kept(api: Api) -> None:
    lead_id = (await api.deliver(await api.source(keeps_buyers=True), order(phone=ANNA)))["lead_id"]
    await api.hear(wish(UUID(lead_id), "lost", Stage.LOST))
    assert (await record(api, call()))["lead_id"] != lead_id


async def test_both_events_stand_under_the_lead_s_key_in_their_order(api: Api) -> None:
    await api.source()
    key = f"lead:{(await record(api, call()))['lead_id']}"
    assert await keys(api) == [(key, LeadReceivedV2.event_type), (key, ContactRecorded.event_type)]


@pytest.mark.req("S3.7")
async def test_a_customer_in_talks_who_turns_to_us_again_gets_no_second_lead(api: Api) -> None:
    lead_id = (await api.deliver(await api.source(), order(phone=ANNA)))["lead_id"]
    found = await record(api, call("call_in", duration=62))
    [recorded] = await api.said(ContactRecorded)
    assert (found["lead_id"], str(recorded.lead_id), await api.count("lead")) == (lead_id, lead_id, 1)


async def test_the_newest_live_lead_is_taken(api: Api) -> None:
    url = await api.source()
    for number in range(3):
        newest = (await api.deliver(url, order(f"{number}", ANNA)))["lead_id"]
        api.clock.advance(timedelta(minutes=1))
    await api.hear(wish(UUID(newest), "won", Stage.WON))
    live = await api.ctx.core.db.pool.fetchval("SELECT id FROM lead WHERE stage = 'new' ORDER BY created_at DESC")
    assert (await record(api, call()))["lead_id"] == str(live)


async def test_a_customer_whose_lead_is_over_gets_a_new_one(api: Api) -> None:
    lead_id = (await api.deliver(await api.source(), order(phone=ANNA)))["lead_id"]
    await api.hear(wish(UUID(lead_id), "won", Stage.WON))
    found = await record(api, call())
    [first, second] = await api.said(LeadReceivedV2)
    assert (str(second.lead_id), second.customer_id) == (found["lead_id"], first.customer_id)


@pytest.mark.req("P.13")
async def test_a_customer_known_by_a_channel_alone_has_a_lead_and_no_phone(api: Api) -> None:
    await api.source()
    body = message(phone=None, identities=[{"kind": "telegram", "value": "77001"}])
    first, again = await record(api, body), await record(api, {**body, "message_id": str(uuid7())})
    view = await api.ok("GET", f"/customers/{first['customer_id']}")
    assert (again["customer_id"], again["lead_id"]) == (first["customer_id"], first["lead_id"])
    assert view["identities"] == [{"kind": "telegram", "value": "77001"}]


@pytest.mark.req("P.13")
async def test_a_new_identity_is_attached_to_the_customer_that_another_one_names(api: Api) -> None:
    await api.source()
    first = await record(api, call(identities=[{"kind": "max", "value": "m-7"}]))
    second = await record(api, message(phone=None, identities=[{"kind": "max", "value": "m-7"}]))
    view = await api.ok("GET", f"/customers/{first['customer_id']}")
    assert second["customer_id"] == first["customer_id"]
    assert view["identities"] == [{"kind": "max", "value": "m-7"}, {"kind": "phone", "value": "+79161234567"}]


@pytest.mark.req("P.13")
async def test_a_whatsapp_number_is_a_phone_too(api: Api) -> None:
    lead_id = (await api.deliver(await api.source(), order(phone=ANNA)))["lead_id"]
    body = message(phone=None, identities=[{"kind": "whatsapp", "value": "79161234567"}])
    assert (await record(api, body))["lead_id"] == lead_id


async def test_an_order_after_a_call_is_of_the_same_customer(api: Api) -> None:
    url = await api.source()
    found = await record(api, call())
    await api.deliver(url, order(phone=ANNA))
    assert {str(event.customer_id) for event in await api.said(LeadReceivedV2)} == {found["customer_id"]}


@pytest.mark.parametrize(
    "body",
    [call("call_out"), message("out"), call(phone=None), call(phone="100")],
    ids=["we called", "we wrote", "number withheld", "no number of a person"],
)
async def test_what_opens_no_lead_is_kept_and_published_under_its_own_key(
    api: Api, body: dict[str, object]
) -> None:
    await api.source()
    found = await record(api, body)
    listed = (await api.ok("GET", "/contacts?of_no_lead=true"))["items"]
    assert isinstance(listed, list)
    assert (found["lead_id"], [item["id"] for item in listed]) == (None, [found["id"]])
    assert await keys(api) == [(f"contact:{found['id']}", ContactRecorded.event_type)]


@pytest.mark.req("S0.7")
async def test_a_call_from_a_test_number_is_a_test(api: Api) -> None:
    await api.source()
    found = await record(api, call(phone="+972 50 234 5678"))
    [received] = await api.said(LeadReceivedV2)
    assert (found["disposition"], received.signals) == ("test", ("test_number",))


@pytest.mark.req("P.2")
async def test_what_a_message_says_is_published_with_its_person_and_shown_nowhere(api: Api) -> None:
    await api.source()
    contact = await record(api, message(text="Перезвоните после шести", button="later"))
    body = await api.ctx.core.db.pool.fetchval("SELECT body FROM outbox WHERE type LIKE '%contact.recorded%'")
    said = ContactRecorded.model_validate_json(body).person
    shown = await api.call("GET", f"/contacts/{contact['id']}", role="supervisor")
    assert (said.text, said.button) == ("Перезвоните после шести", "later")
    assert "Перезвоните" not in shown.text + json.dumps(contact, ensure_ascii=False)


async def test_the_same_report_again_is_a_repeat_and_publishes_nothing(api: Api) -> None:
    await api.source()
    first = await record(api, call(external_id="m-1"))
    answer = await api.call("POST", "/contacts", call(external_id="m-1"), role="service")
    assert (answer.status_code, answer.json()["disposition"], answer.json()["id"]) == (200, "repeat", first["id"])
    assert [await api.count(table) for table in ("contact", "lead", "outbox")] == [1, 1, 2]


@pytest.mark.req("P.11")
async def test_a_later_report_of_a_call_adds_what_it_says_and_is_published_again(api: Api) -> None:
    await api.source()
    first = await record(api, call("call_in", external_id="c-1", extension="101"))
    again = await record(api, call("call_in", external_id="c-1", duration=62, recording="rec/c-1"))
    [_, recorded] = await api.said(ContactRecorded)
    assert (again["id"], again["lead_id"], again["version"]) == (first["id"], first["lead_id"], 2)
    assert (recorded.extension, recorded.duration) == ("101", 62)
    assert recorded.recording == again["recording"] == f"/intake/v1/contacts/{first['id']}/recording"


async def test_two_reports_of_one_call_at_once_are_one_contact_of_one_lead(api: Api) -> None:
    await api.source()
    answers = await asyncio.gather(*(record(api, call(external_id="m-1")) for _ in range(6)))
    assert {answer["id"] for answer in answers} == {answers[0]["id"]}
    assert [await api.count(table) for table in ("contact", "lead", "customer")] == [1, 1, 1]


async def test_two_calls_of_a_new_customer_at_once_open_one_lead(api: Api) -> None:
    await api.source()
    answers = await asyncio.gather(*(record(api, call(external_id=f"m-{number}")) for number in range(6)))
    assert len({answer["lead_id"] for answer in answers}) == 1
    assert [await api.count(table) for table in ("contact", "lead", "customer")] == [6, 1, 1]


async def test_a_call_of_a_named_lead_is_that_lead_s(api: Api) -> None:
    lead_id = (await api.deliver(await api.source(), order(phone="8 916 000-00-00")))["lead_id"]
    found = await record(api, call("call_out", lead_id=lead_id, operator_id=str(uuid7())))
    [recorded] = await api.said(ContactRecorded)
    assert (found["lead_id"], recorded.operator_id is not None) == (lead_id, True)


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"source": "nowhere"}, 404),
        ({"lead_id": str(uuid7())}, 404),
        ({"kind": "message"}, 422),
        ({"kind": "call_out", "direction": "in"}, 422),
        ({"email": "none"}, 422),
        ({"duration": -1}, 422),
        ({"text": "перезвоните"}, 422),
        ({"button": "yes"}, 422),
    ],
)
async def test_what_cannot_be_recorded_is_refused(api: Api, changed: dict[str, object], status: int) -> None:
    await api.source()
    answer = await api.call("POST", "/contacts", {**call(), **changed}, role="service")
    assert (answer.status_code, await api.count("contact"), await api.count("outbox")) == (status, 0, 0)


@pytest.mark.req("P.6")
@pytest.mark.parametrize(("role", "desks", "status"), [("operator", ["demo"], 403), ("supervisor", ["other"], 404)])
async def test_contacts_are_recorded_for_one_s_own_desk(api: Api, role: str, desks: list[str], status: int) -> None:
    await api.source()
    assert (await api.call("POST", "/contacts", call(), role=role, desks=desks)).status_code == status


@pytest.mark.req("P.6")
async def test_operators_see_the_contacts_of_leads_that_are_theirs_or_free(api: Api) -> None:
    await api.source()
    await api.hire()
    mine, others = await record(api, call()), await record(api, call(phone="8 916 000-00-00"))
    await record(api, call(phone=None))
    await api.hear(owner(UUID(str(others["lead_id"])), uuid7()))
    listed = (await api.call("GET", "/contacts", role="operator", desks=["demo"])).json()["items"]
    hidden = await api.call("GET", f"/contacts/{others['id']}", role="operator", desks=["demo"])
    assert ([item["id"] for item in listed], hidden.status_code) == ([mine["id"]], 404)
