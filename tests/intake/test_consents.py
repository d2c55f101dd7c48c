"""Why a customer may be contacted, what they withdrew, and what follows at once (P.14)."""

import asyncio
from datetime import timedelta
from typing import cast
from uuid import UUID

import pytest
from httpx import Response

from libs.common.contracts import Cause
from libs.common.contracts.consents import ConsentChanged
from libs.common.contracts.intake import LeadReceivedV2, LeadUpdated
from libs.common.contracts.notifications import AdvertisingSwitched
from libs.common.contracts.shared import Customer, Identity, IdentityKind
from libs.common.platform.ids import uuid7
from services.intake.consents.actions import record
from services.intake.consents.rules import ConsentStep, Withdrawn, purposes_of
from services.intake.consents.store import NewStep
from tests.intake.api import NOW, Api, order
from tests.intake.exchange import CONFIG, SOURCE
from tests.intake.test_accept_races import delivery_row
from tests.intake.test_identities import customer_of, post
from tests.intake.test_merge_races import held, waiting
from tests.intake.test_merges import SECOND, got, merged, step, two
from tests.intake.test_messages import message

pytestmark = pytest.mark.req("P.14")
ALL = ["calls", "marketing", "transactional"]
TERMS = {"document": "privacy", "document_version": "3", "purposes": ["calls", "transactional"]}


async def withdraw(api: Api, customer_id: object, what: str = "all", **options: object) -> Response:
    role = str(options.get("role", "supervisor"))
    body = {"what": what, "reason": "сказал по телефону", **({"at": options["at"]} if "at" in options else {})}
    return await api.call("POST", f"/customers/{customer_id}/withdrawals", body, role=role, desks=["demo"])


async def consent(api: Api, customer_id: object, **members: object) -> Response:
    body = {"kind": "verbal", "reason": "разрешил по телефону", **members}
    return await api.call("POST", f"/customers/{customer_id}/consents", body, role="supervisor", desks=["demo"])


async def blocked(api: Api, value: str = "8 916 123-45-67", kind: str = "phone") -> Response:
    body = {"desk": "demo", "kind": kind, "value": value, "reason": "угрожал"}
    return await api.call("POST", "/black-list", body, role="supervisor", desks=["demo"])


async def dial(api: Api, **members: object) -> Response:
    asked = {"desk": "demo", "source": "line", "extension": "101", **members}
    return await api.call("POST", "/calls", asked)


async def exchange(api: Api) -> None:
    await api.ok("POST", "/sources", {**SOURCE, "config": CONFIG})


async def limit(api: Api, calls: int) -> None:
    path = "/desks/demo/configuration"
    planned = await api.call("POST", path, {"calling": {"calls_a_day": calls}})
    await api.ok(
        "POST",
        f"{path}?mode=apply",
        {"calling": {"calls_a_day": calls}},
        headers={"if-match": planned.headers["etag"]},
    )


async def called(api: Api, phone: str = "+79161234567") -> None:
    """Telephony reports a call to a customer."""
    await api.ok("POST", "/contacts", {
        "desk": "demo", "source": "line", "kind": "call_out", "at": NOW.isoformat(), "phone": phone, "duration": 0,
    })  # fmt: skip


async def card(api: Api, customer_id: object) -> tuple[object, object]:
    view = await got(api, f"/customers/{customer_id}")
    return view["closed"], view["listed"]


async def test_a_withdrawal_closes_each_purpose_marks_live_leads_and_is_published(api: Api) -> None:
    customer_id = await customer_of(api)
    assert (await withdraw(api, customer_id, "calls")).status_code == 201
    assert (await withdraw(api, customer_id)).status_code == 201
    said = await api.said(ConsentChanged)
    assert [(str(each.customer_id), [*each.closed]) for each in said] == [
        (customer_id, ["calls"]),
        (customer_id, ALL),
    ]
    assert (await api.said(LeadUpdated))[-1].signals == ("do_not_call",)
    assert await card(api, customer_id) == (ALL, False)


async def test_a_new_consent_opens_again_what_it_names_and_no_line_is_lost(api: Api) -> None:
    customer_id = await customer_of(api)
    await withdraw(api, customer_id)
    api.clock.advance(timedelta(minutes=1))
    given = {"kind": "contract", "document": "offer", "document_version": "7", "purposes": ["calls"]}
    assert (await consent(api, customer_id, **given)).status_code == 201
    lines = (await got(api, f"/customers/{customer_id}/consents"))["items"]
    assert [(one["what"], one["kind"], one["document"]) for one in lines] == [
        ("given", "contract", "offer"),
        ("withdrawn", None, None),
    ]
    assert (await card(api, customer_id), (await api.said(LeadUpdated))[-1].signals) == (
        (["marketing", "transactional"], False),
        (),
    )


async def test_a_later_lead_of_who_withdrew_is_stored_and_bears_the_signal(api: Api) -> None:
    await withdraw(api, await customer_of(api), "calls")
    await customer_of(api, "+79161234567")
    assert [lead.signals[-1:] for lead in await api.said(LeadReceivedV2)] == [(), ("do_not_call",)]


async def test_a_lead_of_who_is_on_the_black_list_is_stored_and_bears_the_signal(api: Api) -> None:
    entry = (await blocked(api)).json()
    customer_id = await customer_of(api)
    assert (await api.said(LeadReceivedV2))[0].signals == ("do_not_call",)
    assert await card(api, customer_id) == ([], True)
    lifted = await api.call("POST", f"/black-list/{entry['id']}/lift", {"reason": "ошибка"}, desks=["demo"])
    assert (lifted.json()["lifted_by"], await card(api, customer_id)) == ("ann", ([], False))
    assert [each.listed for each in await api.said(ConsentChanged)] == [True, False]


async def test_an_address_on_the_black_list_marks_a_lead_with_a_number_of_another_customer(api: Api) -> None:
    await blocked(api, "x@example.com", "email")
    await customer_of(api)
    await customer_of(api, "+79161234567", email="X@example.com")
    assert "do_not_call" in (await api.said(LeadReceivedV2))[-1].signals


async def test_what_is_on_the_black_list_and_is_detached_still_marks_the_next_lead(api: Api) -> None:
    customer_id = await customer_of(api)
    await blocked(api)
    await post(api, customer_id, "phone", "8 916 123-45-67", "/detach")
    await customer_of(api, "+79161234567")
    first, second = await api.said(LeadReceivedV2)
    assert (second.signals, await card(api, customer_id)) == (("do_not_call",), ([], False))
    assert second.customer_id != first.customer_id


async def test_a_black_listed_account_opens_its_lead_by_a_message_all_the_same(api: Api) -> None:
    await api.source(channel="main")
    assert (await blocked(api)).status_code == 201
    await api.hear(message())
    assert (await api.said(LeadReceivedV2))[0].signals == ("do_not_call",)


async def test_an_identity_is_on_the_black_list_once_and_names_its_entry(api: Api) -> None:
    entry = (await blocked(api)).json()
    again = await blocked(api, "+7 (916) 123 45 67", "whatsapp")
    assert (again.status_code, again.json()["code"], again.json()["existing"]) == (
        409,
        "already_exists",
        entry["id"],
    )
    assert (await blocked(api, "123")).json()["errors"][0]["code"] == "no_identity"
    assert [one["value"] for one in (await got(api, "/black-list?desk=demo"))["items"]] == ["+79161234567"]


async def test_who_writes_a_word_of_withdrawal_withdraws_all_by_all_channels(api: Api) -> None:
    customer_id = await customer_of(api)
    await api.hear(given := message(text="Стоп", stop=True))
    [line] = (await got(api, f"/customers/{customer_id}/consents"))["items"]
    assert (line["what"], line["message_id"], line["actor"]) == ("withdrawn", str(given.message_id), "channel:main")
    assert await card(api, customer_id) == (ALL, False)


def switched(*, wanted: bool, provider: str = "whatsapp_cloud") -> AdvertisingSwitched:
    who = Customer(identities=(Identity(kind=IdentityKind.WHATSAPP, value="+79161234567"),))
    return AdvertisingSwitched(
        channel_id=uuid7(), channel="whatsapp", provider=provider, wanted=wanted, at=NOW, person=who
    )


async def test_a_switch_at_a_provider_closes_advertisements_alone_and_opens_what_it_closed(api: Api) -> None:
    customer_id = await customer_of(api)
    await api.hear(switched(wanted=False))
    closed = await card(api, customer_id)
    api.clock.advance(timedelta(minutes=1))
    await api.hear(switched(wanted=True, provider="telegram"))
    await api.hear(switched(wanted=True).model_copy(update={"at": NOW + timedelta(minutes=1)}))
    lines = (await got(api, f"/customers/{customer_id}/consents"))["items"]
    assert (closed, await card(api, customer_id)) == ((["marketing"], False), ([], False))
    assert [(one["what"], one["kind"]) for one in lines] == [("given", "provider"), ("withdrawn", None)]


async def test_a_switch_opens_nothing_that_the_customer_withdrew_in_words(api: Api) -> None:
    await withdraw(api, customer_id := await customer_of(api), "marketing")
    await api.hear(switched(wanted=True))
    assert await card(api, customer_id) == (["marketing"], False)


async def test_who_cannot_be_called_is_not_dialled_and_what_waits_is_stopped(api: Api) -> None:
    customer_id = await customer_of(api)
    await exchange(api)
    waits = (await dial(api, phone="+79161234567")).json()
    await withdraw(api, customer_id, "calls")
    stopped = await got(api, f"/calls/{waits['id']}")
    refused = await dial(api, phone="+79161234567", extension="102")
    assert (stopped["state"], stopped["code"]) == ("refused", "consent_withdrawn")
    assert (refused.status_code, refused.json()["code"], refused.json()["reason"]) == (
        409,
        "do_not_call",
        "consent_withdrawn",
    )


async def test_a_customer_is_called_as_often_a_day_as_the_desk_allows_over_all_leads(api: Api) -> None:
    await customer_of(api)
    await exchange(api)
    await limit(api, 2)
    [lead] = await api.said(LeadReceivedV2)
    await called(api)
    assert (await dial(api, lead_id=str(lead.lead_id))).status_code == 201
    refused = await dial(api, phone="+79161234567", extension="102")
    assert (refused.status_code, refused.json()["code"]) == (409, "calls_exhausted")
    assert refused.json()["next_at"] == "2026-03-02T21:00:00+00:00"
    api.clock.advance(timedelta(days=1))
    assert (await dial(api, phone="+79161234567", extension="102")).status_code == 201


async def test_a_call_names_the_form_by_which_its_lead_came_in_its_version_of_that_time(api: Api) -> None:
    await exchange(api)
    url = await api.source(consent=TERMS, call_label="Школа: заказ")
    [view] = (await got(api, "/sources"))["items"][1:]
    lead_id = (await api.deliver(url, order(phone="+79161234567")))["lead_id"]
    api.clock.advance(timedelta(hours=1))
    later = {"consent": {**TERMS, "document_version": "4"}, "call_label": None}
    await api.ok("PATCH", f"/sources/{view['id']}", later, headers={"if-match": f'"{view["version"]}"'})
    api.clock.advance(timedelta(hours=1))
    await api.ok("POST", "/contacts", {
        "desk": "demo", "source": "line", "kind": "call_out", "at": (NOW + timedelta(hours=2)).isoformat(),
        "lead_id": lead_id,
    })  # fmt: skip
    customer_id = (await got(api, f"/leads/{lead_id}"))["customer_id"]
    [contact] = (await got(api, f"/customers/{customer_id}/grounds"))["items"]
    ground = contact["ground"]
    assert (contact["call_label"], contact["withdrawn"]) == ("Школа: заказ", None)
    assert (ground["kind"], ground["document"], ground["document_version"], ground["lead_id"]) == (
        "form", "privacy", "3", lead_id,
    )  # fmt: skip
    assert ground["delivery_id"] is not None
    asked = f"lead_id={lead_id}&purpose=transactional&at=2026-03-02T09:30:00Z"
    assert (await got(api, f"/customers/{customer_id}/ground?{asked}"))["ground"] == ground
    assert (await got(api, f"/customers/{customer_id}/ground?purpose=marketing"))["ground"] is None


async def test_a_call_after_a_withdrawal_names_it_and_no_ground(api: Api) -> None:
    customer_id = await customer_of(api)
    await exchange(api)
    await withdraw(api, customer_id, "calls", at=(NOW - timedelta(hours=1)).isoformat())
    await called(api)
    [contact] = (await got(api, f"/customers/{customer_id}/grounds"))["items"]
    assert (contact["ground"], contact["withdrawn"]["what"]) == (None, "withdrawn")


async def test_the_winner_of_a_merge_answers_for_both_and_who_parts_for_themselves(api: Api) -> None:
    winner, loser = await two(api)
    await withdraw(api, loser, "calls")
    receipt = await merged(api, "customer", (winner, loser))
    assert await card(api, winner) == (["calls"], False)
    await step(api, receipt, "undo")
    assert [await card(api, one) for one in (winner, loser)] == [([], False), (["calls"], False)]
    said = [(str(each.customer_id), [*each.closed]) for each in await api.said(ConsentChanged)]
    assert said == [(loser, ["calls"]), (winner, ["calls"]), (winner, [])]


async def test_what_is_not_said_yet_or_names_no_text_is_refused(api: Api) -> None:
    customer_id = await customer_of(api)
    future = await withdraw(api, customer_id, at=(NOW + timedelta(days=1)).isoformat())
    assert [(one["pointer"], one["code"]) for one in future.json()["errors"]] == [("/at", "in_the_future")]
    assert (await consent(api, customer_id, kind="form")).status_code == 422
    assert (await withdraw(api, uuid7())).status_code == 404


async def test_an_operator_records_what_their_customers_say_and_no_black_list(api: Api) -> None:
    customer_id = await customer_of(api)
    assert (await withdraw(api, customer_id, role="operator")).status_code == 404
    await api.hire()
    assert (await withdraw(api, customer_id, role="operator")).status_code == 201
    assert (await api.call("GET", "/black-list", role="operator")).status_code == 403


# -- races


async def stop(api: Api, customer_id: str) -> None:
    new = NewStep(uuid7(), ConsentStep.WITHDRAWN, purposes_of(Withdrawn.ALL), NOW, "стоп")
    await record(api.ctx, "demo", UUID(customer_id), new, "ann", Cause.fresh())


async def test_a_call_that_is_started_while_a_customer_withdraws_is_stopped_or_refused(api: Api) -> None:
    customer_id = await customer_of(api)
    await exchange(api)
    async with held(api, "customer", customer_id):
        stopping = asyncio.ensure_future(stop(api, customer_id))
        await waiting(api, 1)
        dialling = asyncio.ensure_future(dial(api, phone="+79161234567"))
        await waiting(api, 2)
    await stopping
    assert (await dialling).status_code == 409
    assert await api.ctx.core.db.pool.fetchval("SELECT count(*) FROM call WHERE state = 'pending'") == 0


async def test_two_calls_at_once_are_counted_one_after_the_other(api: Api) -> None:
    customer_id = await customer_of(api)
    await exchange(api)
    await limit(api, 1)
    async with held(api, "customer", customer_id):
        both = [asyncio.ensure_future(dial(api, phone="+79161234567", extension=one)) for one in ("101", "102")]
        await waiting(api, 2)
    assert sorted([(await one).status_code for one in both]) == [201, 409]


async def test_a_delivery_that_waits_for_a_withdrawal_bears_the_signal(api: Api) -> None:
    customer_id = await customer_of(api, SECOND)
    async with held(api, "lead", (await api.said(LeadReceivedV2))[0].lead_id):
        stopping = asyncio.ensure_future(stop(api, customer_id))
        await waiting(api, 1)
        delivered = asyncio.create_task(api.ctx.acceptance.accept(delivery_row("3", SECOND)))
        await waiting(api, 2)
    await asyncio.gather(stopping, delivered)
    assert "do_not_call" in (await api.said(LeadReceivedV2))[-1].signals


async def test_a_consent_and_a_withdrawal_at_once_are_both_kept_and_the_later_word_counts(api: Api) -> None:
    customer_id = await customer_of(api)
    async with held(api, "customer", customer_id):
        given = asyncio.ensure_future(consent(api, customer_id))
        await waiting(api, 1)
        gone = asyncio.ensure_future(stop(api, customer_id))
        await waiting(api, 2)
    await asyncio.gather(given, gone)
    lines = cast("list[object]", (await got(api, f"/customers/{customer_id}/consents"))["items"])
    assert (len(lines), await card(api, customer_id)) == (2, (ALL, False))
