"""A delivery of several parts: each is judged as if it had come alone, all are stored together."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import cast

import orjson
import pytest

from libs.common.contracts.intake import ContactRecorded, LeadReceivedV2, OrderChanged
from libs.common.contracts.shared import ContactKind, Direction
from services.intake.contacts.rules import Said
from services.intake.deliveries.actions import receive
from services.intake.deliveries.rules import Disposition
from services.intake.formats.config import Auth
from services.intake.formats.landing import Landing, LandingConfig
from services.intake.formats.rules import Fact, RawRequest
from tests.intake.api import Api, order, order_in
from tests.intake.test_authenticate import signed
from tests.intake.test_quarantine import MINUTE, mend, waiting

ANNA, BORIS = "8 916 123-45-67", "8 916 765-43-21"
Items = list[dict[str, object]]


def several(*orders: Mapping[str, object]) -> dict[str, object]:
    return {"orders": [*orders]}


def two(**members: object) -> dict[str, object]:
    return several(order("lp-1", ANNA), order("lp-2", BORIS, **members))


async def facts(api: Api) -> list[list[tuple[object, object]]]:
    """Return kind and disposition of the parts of each delivery, the newest first."""
    items = cast("Items", (await api.ok("GET", "/deliveries"))["items"])
    return [[(each["kind"], each["disposition"]) for each in cast("Items", item["facts"])] for item in items]


@pytest.mark.req("P.1")
async def test_each_order_of_a_delivery_is_a_lead(api: Api) -> None:
    answer = cast("dict[str, object]", await api.deliver(await api.source(), two()))
    leads = await api.said(LeadReceivedV2)
    assert [(order_in(each).external_id, each.person.phone) for each in leads] == [
        ("lp-1", "+79161234567"),
        ("lp-2", "+79167654321"),
    ]
    said = cast("Items", answer["facts"])
    assert [each["lead_id"] for each in said] == [str(each.lead_id) for each in leads]
    assert [each["order_number"] for each in said] == ["1001", "1002"]
    assert (answer["lead_id"], answer["order_number"]) == (str(leads[0].lead_id), "1001")


@pytest.mark.req("P.2")
async def test_each_order_is_a_repeat_or_a_change_by_itself(api: Api) -> None:
    url = await api.source()
    await api.deliver(url, two())
    answer = await api.deliver(url, two(status="paid"))
    [changed] = await api.said(OrderChanged)
    assert (changed.external_id, changed.to_status, answer["disposition"]) == ("lp-2", "paid", "accepted")
    assert await facts(api) == [[("order", "repeat"), ("order", "accepted")], [("order", "accepted")] * 2]


async def test_the_same_delivery_again_is_a_repeat_of_all(api: Api) -> None:
    url = await api.source()
    answers = [await api.deliver(url, two()) for _ in range(2)]
    assert [each["disposition"] for each in answers] == ["accepted", "repeat"]
    assert await api.count("outbox") == 2


@pytest.mark.req("P.1", "P.2")
async def test_a_signed_message_of_several_is_a_repeat_for_its_own_customers_alone(api: Api) -> None:
    secret = "whsec_" + "c2V2ZXJhbC1vcmRlcnMtc2VjcmV0LTMyLWJ5dGVzISE="
    url = await api.source(auth="signature", secret=secret)
    others = several(order("lp-3", "8 916 000-00-01", name="Ольга"), order("lp-4", "8 916 000-00-02", name="Пётр"))
    bodies = [orjson.dumps(body) for body in (two(), two(status="paid"), others)]
    answers = [await api.send("POST", url, content=body, headers=signed(secret, body)) for body in bodies]
    assert [each.json()["disposition"] for each in answers] == ["accepted", "repeat", "accepted"]
    assert (await api.count("lead"), await api.said(OrderChanged)) == (4, [])


@pytest.mark.req("S4.2")
async def test_two_unpaid_orders_of_one_customer_are_recognised_within_a_delivery(api: Api) -> None:
    await api.deliver(await api.source(), several(order("lp-1"), order("lp-2")))
    first, second = await api.said(LeadReceivedV2)
    assert (second.customer_id, second.earlier_lead_id) == (first.customer_id, first.lead_id)
    assert second.signals == ("second_unpaid_order",)


async def test_one_order_twice_in_a_delivery_is_one_lead(api: Api) -> None:
    await api.deliver(await api.source(), several(order("lp-1"), order("lp-1", status="paid")))
    assert (len(await api.said(LeadReceivedV2)), len(await api.said(OrderChanged))) == (1, 1)


async def test_orders_without_identifiers_are_several_all_the_same(api: Api) -> None:
    orders = [{"phone": ANNA, "product": "Крем"}, {"phone": BORIS, "product": "Маска"}]
    await api.send("POST", await api.source(), body=several(*orders), headers={"idempotency-key": "req-12345678"})
    assert len(await api.said(LeadReceivedV2)) == 2


@pytest.mark.req("P.1")
async def test_what_cannot_be_read_is_a_note_beside_what_can(api: Api) -> None:
    bad = {"external_id": "lp-2", "name": "Без телефона"}
    answer = await api.deliver(await api.source(), several(order("lp-1"), bad))
    [item] = cast("Items", (await api.ok("GET", "/deliveries"))["items"])
    notes = [(note["field"], note["code"]) for note in cast("Items", item["notes"])]
    assert (answer["disposition"], await facts(api)) == (
        "accepted",
        [[("order", "accepted"), (None, "quarantined")]],
    )
    assert ("facts.1", "no_contact") in notes
    found = [cast("Items", (await api.ok("GET", f"/deliveries?partly={each}"))["items"]) for each in (True, False)]
    assert [len(each) for each in found] == [1, 0]
    assert "Без телефона" in str((await api.ok("GET", f"/deliveries/{item['id']}"))["body"])


async def test_what_cannot_be_stored_leaves_the_others(api: Api) -> None:
    url = await api.source()
    await api.ctx.core.db.pool.execute("ALTER TABLE sales_order ADD CONSTRAINT no_bad CHECK (external_id <> 'bad')")
    answer = await api.deliver(url, several(order("bad", ANNA), order("lp-2", BORIS)))
    assert [order_in(each).external_id for each in await api.said(LeadReceivedV2)] == ["lp-2"]
    assert (answer["disposition"], await api.count("customer")) == ("accepted", 1)
    assert await facts(api) == [[(None, "quarantined"), ("order", "accepted")]]


async def test_a_delivery_of_which_nothing_can_be_taken_waits_in_quarantine(api: Api) -> None:
    answer = await api.deliver(await api.source(), several({"name": "Анна"}, {"name": "Борис"}))
    assert (answer["disposition"], [item["reason"] for item in await waiting(api)]) == (
        "quarantined",
        ["no_contact"],
    )


async def test_too_many_orders_wait_for_a_person(api: Api) -> None:
    answer = await api.deliver(await api.source(), several(*[order(f"lp-{n}") for n in range(201)]))
    assert (answer["disposition"], await api.count("lead")) == ("quarantined", 0)


async def test_a_delivery_from_quarantine_leaves_orders_that_are_newer(api: Api) -> None:
    url = await api.source()
    odd = [{"ref": "lp-1", "tel2": ANNA, "status": "new"}, {"ref": "lp-2", "tel2": BORIS}]
    await api.deliver(url, several(*odd))
    api.clock.advance(MINUTE)
    await api.deliver(url, order("lp-1", ANNA, status="paid"))
    [item] = await waiting(api)
    await mend(api, config={"field_map": {"external_id": "ref", "phone": "tel2"}})
    await api.ok("POST", f"/deliveries/{item['id']}/rerun")
    assert await api.said(OrderChanged) == []
    assert (await facts(api))[1] == [("order", "repeat"), ("order", "accepted")]


@pytest.mark.req("P.2")
async def test_the_same_deliveries_at_once_make_each_lead_once(api: Api) -> None:
    url = await api.source()
    other = several(order("lp-2", BORIS), order("lp-1", ANNA))
    await asyncio.gather(*(api.deliver(url, body) for body in (two(), other, two(), other)))
    assert (await api.count("lead"), await api.count("sales_order"), await api.count("delivery")) == (2, 2, 4)


@dataclass(frozen=True)
class Mixed(Landing):
    """A format whose requests hold an order and a call."""

    code = "landing"

    def read(self, raw: RawRequest) -> tuple[Fact, ...]:
        called = Said(
            ContactKind.CALL_IN, Direction.IN, datetime(2026, 3, 2, 9, tzinfo=UTC), "call-1", 60, phone=ANNA
        )
        return (*super().read(raw), called)


@pytest.mark.req("S0.4")
async def test_an_order_and_a_call_in_one_request_are_one_lead(api: Api) -> None:
    url = await api.source()
    known = await api.ctx.sources.get(url.rpartition("/")[2])
    assert known is not None
    source = replace(known.source, format=Mixed(LandingConfig(auth=Auth.NONE), known.source.zone))
    raw = RawRequest("POST", b"", {"content-type": "application/json"}, b'{"external_id": "lp-1", "phone": "%s"}'
                     % ANNA.encode())  # fmt: skip
    answer = await receive(api.ctx, source, raw, None)
    [lead], [contact] = await api.said(LeadReceivedV2), await api.said(ContactRecorded)
    assert (answer.disposition, contact.lead_id, answer.lead_id) == (
        Disposition.ACCEPTED,
        lead.lead_id,
        lead.lead_id,
    )
    assert [part.kind for part in answer.parts] == ["order", "contact"]
