"""Deliveries by webhook: the answer, the stored rows, the published events."""

import asyncio
import json
from decimal import Decimal
from io import StringIO

import pytest
from pydantic_core import to_json

from libs.common.contracts import REGISTRY
from libs.common.contracts.intake import LeadReceivedV2, LeadUpdated, OrderChanged, Totals
from libs.common.contracts.shared import Customer
from libs.common.domain.money import Money
from libs.common.platform.telemetry import logs
from libs.common.platform.telemetry.metrics import render
from tests.intake.api import Api, lead_of, order, order_in


def roubles(amount: int) -> Money:
    return Money(amount=Decimal(amount), currency="RUB")


@pytest.mark.req("P.1")
async def test_an_order_is_a_lead_a_customer_and_one_event(api: Api) -> None:
    url = await api.source()
    answer = await api.deliver(url, order())
    [event] = await api.said(LeadReceivedV2)
    assert (answer["disposition"], answer["order_number"]) == ("accepted", "1001")
    assert (event.lead_id, order_in(event).number, event.source) == (lead_of(answer), "1001", "landing")
    assert [await api.count(t) for t in ("lead", "customer", "sales_order", "delivery", "outbox")] == [1] * 5


async def test_an_order_says_what_it_has_and_its_sums(api: Api) -> None:
    url = await api.source()
    lines = [{"title": "Крем", "price": "900", "quantity": 2}, {"title": "Маска", "price": "190"}]
    await api.deliver(url, order(items=lines, paid="500"))
    [event] = await api.said(LeadReceivedV2)
    known = order_in(event)
    assert (known.version, known.filled, known.faults) == (1, ("amount", "paid", "items"), ())
    assert known.totals == Totals(goods=roubles(1990), total=roubles(1990), paid=roubles(500))


async def test_a_change_says_the_order_as_it_is_afterwards(api: Api) -> None:
    url = await api.source()
    lines = [{"title": "Крем", "price": "900"}, {"title": "Маска"}]
    for paid in ("500", "1990"):
        await api.deliver(url, order(items=lines, paid=paid))
    [event] = await api.said(OrderChanged)
    assert (event.version, event.filled) == (2, ("amount", "paid", "items"))
    assert event.totals == Totals(goods=None, total=roubles(1990), paid=roubles(1990))


async def test_the_stored_event_is_what_its_model_would_write(api: Api) -> None:
    url = await api.source()
    await api.deliver(url, order(items=[{"sku": "CR-1", "title": "Крем", "price": "1990"}], utm_source="vk"))
    await api.deliver(url, order(status="paid", paid="1990"))
    await api.deliver(url, order(email="anna@b.ru"))
    await api.deliver(url, order(phone="8 916 765-43-21"))
    for row in await api.ctx.core.db.pool.fetch("SELECT type, body FROM outbox ORDER BY id"):
        model = REGISTRY[row["type"]]
        written = json.loads(to_json(model.model_validate_json(row["body"])))
        assert normal(json.loads(row["body"])) == normal(written)


def normal(body: dict[str, object]) -> dict[str, object]:
    return {name: str(v).replace("+00:00", "Z") if name == "received_at" else v for name, v in body.items()}


@pytest.mark.req("P.2")
async def test_the_same_delivery_again_is_a_repeat_and_says_nothing(api: Api) -> None:
    url = await api.source()
    first = await api.deliver(url, order())
    again = await api.deliver(url, order())
    assert (again["disposition"], again["lead_id"]) == ("repeat", first["lead_id"])
    assert [await api.count(t) for t in ("lead", "delivery", "outbox")] == [1, 2, 1]


@pytest.mark.req("S4.1")
async def test_there_and_back_are_three_states_and_two_changes(api: Api) -> None:
    url = await api.source()
    for status in ("new", "on_hold", "new", "new"):
        await api.deliver(url, order(status=status))
    changes = await api.said(OrderChanged)
    assert [(c.from_status, c.to_status) for c in changes] == [("new", "on_hold"), ("on_hold", "new")]


@pytest.mark.req("S4.1")
async def test_an_older_statement_that_comes_later_changes_nothing(api: Api) -> None:
    url = await api.source()
    for status, said in (("new", "09:00"), ("paid", "09:05"), ("in_work", "09:03")):
        await api.deliver(url, order(status=status, updated_at=f"2026-03-02T{said}:00Z"))
    assert [c.to_status for c in await api.said(OrderChanged)] == ["paid"]


async def test_a_delivery_without_status_leaves_the_status_alone(api: Api) -> None:
    url = await api.source()
    await api.deliver(url, order(status="paid"))
    await api.deliver(url, order(total="2500"))
    [change] = await api.said(OrderChanged)
    assert (change.to_status, change.amount and str(change.amount.amount)) == ("paid", "2500.00")


async def test_what_became_of_deliveries_is_counted_and_the_access_line_names_the_lead(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, written = await api.source(), StringIO()
    monkeypatch.setattr(logs._output, "stream", written)
    answer = await api.deliver(url, order())
    await api.deliver(url, {"name": "Анна"})
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    counted = render(api.ctx.core.metrics).decode()
    assert [line.get("lead_id") for line in lines if "hooks" in line.get("route", "")] == [answer["lead_id"], None]
    assert 'intake_deliveries_total{disposition="accepted",reason=""} 1.0' in counted
    assert 'intake_deliveries_total{disposition="quarantined",reason="no_contact"} 1.0' in counted


async def test_a_currency_comes_with_the_sum_that_it_belongs_to(api: Api) -> None:
    url = await api.source()
    await api.deliver(url, order(total="100 руб."))
    await api.deliver(url, order(total=None, currency="EUR", status="in_work"))
    await api.deliver(url, order(total="100 $"))
    changes = [c.amount for c in await api.said(OrderChanged)]
    assert [(str(m.amount), m.currency) for m in changes if m] == [("100.00", "RUB"), ("100.00", "USD")]


@pytest.mark.req("S4.1")
async def test_a_statement_of_a_wrong_clock_freezes_no_order(api: Api) -> None:
    url = await api.source()
    await api.deliver(url, order(status="new", updated_at="2126-01-01T00:00:00Z"))
    await api.deliver(url, order(status="paid", updated_at="2026-03-02T09:14:00Z"))
    notes = await api.ctx.core.db.pool.fetchval("SELECT notes FROM delivery ORDER BY id LIMIT 1")
    assert [c.to_status for c in await api.said(OrderChanged)] == ["paid"]
    assert [(note["field"], note["code"]) for note in notes] == [("said_at", "ahead_of_time")]


async def test_later_data_of_the_customer_are_published_once(api: Api) -> None:
    url = await api.source()
    await api.deliver(url, order(phone="", name=None, email="anna@b.ru"))
    answers = [await api.deliver(url, order(email="anna@b.ru")) for _ in "ab"]
    [event] = await api.said(LeadUpdated)
    assert [answer["disposition"] for answer in answers] == ["accepted", "repeat"]
    assert event.person == Customer(
        name="Анна", phone="+79161234567", phone_raw="8 916 123-45-67", email="anna@b.ru"
    )
    rows = await api.ctx.core.db.pool.fetch("SELECT to_value FROM history WHERE what = 'lead_person'")
    assert [row["to_value"] for row in rows] == ["name, phone"]


async def test_a_phone_that_was_learned_later_names_the_customer(api: Api) -> None:
    url = await api.source()
    await api.deliver(url, order("1", phone="", email="anna@b.ru", status="paid"))
    await api.deliver(url, order("1", email="anna@b.ru", status="cancelled"))
    await api.deliver(url, order("2"))
    assert (await api.count("customer"), await api.count("customer_identity")) == (1, 2)
    assert [
        row["sequence"] for row in await api.ctx.core.db.pool.fetch("SELECT sequence FROM outbox ORDER BY id")
    ] == [1, 2, 3, 1]


async def test_what_a_lead_knew_of_its_person_stays(api: Api) -> None:
    url = await api.source()
    await api.deliver(url, order())
    answer = await api.deliver(url, order(name="Мария"))
    assert (answer["disposition"], await api.said(LeadUpdated)) == ("repeat", [])


async def test_a_repeat_burns_no_order_number(api: Api) -> None:
    url = await api.source()
    for _ in range(3):
        await api.deliver(url, order())
    assert (await api.deliver(url, order("lp-2", "8 916 000-00-02")))["order_number"] == "1002"


async def test_the_sequence_of_a_lead_has_no_gaps(api: Api) -> None:
    url = await api.source()
    for status in ("new", "new", "paid", "cancelled"):
        await api.deliver(url, order(status=status))
    rows = await api.ctx.core.db.pool.fetch("SELECT sequence FROM outbox ORDER BY id")
    assert [row["sequence"] for row in rows] == [1, 2, 3]


@pytest.mark.req("S0.7")
async def test_a_test_number_is_flagged(api: Api) -> None:
    url = await api.source()
    answer = await api.deliver(url, order(phone="+972 54 123 45 67"))
    [event] = await api.said(LeadReceivedV2)
    assert (answer["disposition"], event.signals) == ("test", ("test_number",))


async def test_prefixes_of_test_numbers_are_the_sources_own(api: Api) -> None:
    url = await api.source(test_prefixes=["7999"])
    await api.deliver(url, order("1", "+972 50 234 5678"))
    await api.deliver(url, order("2", "+7 999 123 45 67"))
    assert [e.signals for e in await api.said(LeadReceivedV2)] == [(), ("test_number",)]


@pytest.mark.req("S1.9")
@pytest.mark.parametrize("phone", ["700000000000", "+7 916 123", "12", "+7 999 999-99-99"])
async def test_a_false_number_is_a_lead_that_says_so(api: Api, phone: str) -> None:
    url = await api.source()
    assert (await api.deliver(url, order(phone=phone)))["disposition"] == "accepted"
    assert [e.signals for e in await api.said(LeadReceivedV2)] == [("false_number",)]


async def test_false_numbers_make_no_common_customer(api: Api) -> None:
    url = await api.source()
    for number in range(2):
        await api.deliver(url, order(str(number), "700000000000"))
    assert [await api.count("customer"), await api.count("customer_identity")] == [2, 0]


@pytest.mark.req("S4.2")
async def test_the_later_of_two_unpaid_orders_names_the_earlier(api: Api) -> None:
    url = await api.source()
    first = await api.deliver(url, order("1"))
    await api.deliver(url, order("2"))
    events = await api.said(LeadReceivedV2)
    assert [e.signals for e in events] == [(), ("second_unpaid_order",)]
    assert events[1].earlier_lead_id == lead_of(first)


@pytest.mark.req("S4.2")
async def test_a_paid_order_before_is_no_reason_for_the_signal(api: Api) -> None:
    url = await api.source()
    await api.deliver(url, order("1", status="paid"))
    await api.deliver(url, order("2"))
    assert [e.signals for e in await api.said(LeadReceivedV2)] == [(), ()]


async def test_an_unpaid_order_of_another_source_is_no_reason_for_the_signal(api: Api) -> None:
    landing, school = await api.source(), await api.source("school")
    await api.deliver(landing, order("1"))
    await api.deliver(school, {"deal_id": "1", "status": "new", "phone": "+79161234567"})
    assert [e.signals for e in await api.said(LeadReceivedV2)] == [(), ()]
    assert await api.count("customer") == 1


async def test_customers_of_two_desks_are_strangers(api: Api) -> None:
    urls = [await api.source(desk=desk) for desk in ("one", "two")]
    for url in urls:
        await api.deliver(url, order())
    assert await api.count("customer") == 2


async def test_a_new_phone_beside_a_known_address_is_the_same_customer(api: Api) -> None:
    url = await api.source()
    await api.deliver(url, order("1", "8 916 123-45-67", email="Anna@Example.com", status="paid"))
    await api.deliver(url, order("2", "8 916 765-43-21", email="anna@example.com", status="paid"))
    await api.deliver(url, order("3", "8 916 765-43-21", status="paid"))
    customers = {event.customer_id for event in await api.said(LeadReceivedV2)}
    assert (len(customers), await api.count("customer")) == (1, 1)


async def test_under_load_every_delivery_is_answered_with_its_own_lead(api: Api) -> None:
    url = await api.source(rate_per_second=10_000)
    orders = [order(f"n{n}", f"8916{n:07}") for n in range(120)]
    answers = await asyncio.gather(*(api.deliver(url, each) for each in orders))
    by_lead = {str(event.lead_id): order_in(event).external_id for event in await api.said(LeadReceivedV2)}
    assert [by_lead[answer["lead_id"]] for answer in answers] == [f"n{n}" for n in range(120)]


async def test_a_crowd_of_duplicates_is_one_lead(api: Api) -> None:
    url = await api.source(rate_per_second=10_000)
    answers = await asyncio.gather(*(api.deliver(url, order()) for _ in range(40)))
    assert len({answer["lead_id"] for answer in answers}) == 1
    assert sorted(answer["disposition"] for answer in answers) == ["accepted", *["repeat"] * 39]
    assert [await api.count(t) for t in ("lead", "delivery", "outbox")] == [1, 40, 1]
