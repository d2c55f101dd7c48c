"""An order by hand for a lead or a customer who is there: no new lead, and nothing asked that is known (S4.8)."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any, cast
from uuid import UUID

import pytest

from libs.common.contracts.intake import LeadReceivedV2, OrderChanged
from libs.common.platform.db import Database
from libs.common.platform.ids import uuid7
from services.intake.errors import OrderRefusedError
from services.intake.placements.actions import place_order
from services.intake.placements.queries import Target
from services.intake.placements.schemas import OrderIn
from tests.intake.api import NOW
from tests.intake.api import order as page_order
from tests.intake.exchange import faults
from tests.intake.school import ANNA, ORDER, Desk, open_school
from tests.intake.test_placements import until
from tests.support.patience import eventually

pytestmark = [pytest.mark.servers, pytest.mark.req("S4.8")]
View = dict[str, Any]
LEARNED = (
    "INSERT INTO customer_identity (desk, kind, value, customer_id) VALUES ('demo', 'phone', '+79160000009', $1)"
)
BEHIND = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid)))"
SECOND = {"desk": "demo", "source": "getcourse", "title": "Курс «Профи»", "amount": "30000.00"}


@pytest.fixture
async def desk(intake_db: Database) -> AsyncIterator[Desk]:
    async with open_school(intake_db) as opened:
        yield opened


async def anna(desk: Desk) -> View:
    """Let Anna order at the school; return her lead."""
    await desk.customer(**ANNA)
    return (await leads(desk))[0]


async def leads(desk: Desk) -> list[View]:
    return cast("list[View]", (await desk.api.ok("GET", "/leads"))["items"])


async def by_phone(desk: Desk) -> View:
    """Let Anna ask on a page that knows her number alone; return her lead."""
    await desk.api.deliver(await desk.api.source(), page_order())
    return (await leads(desk))[0]


async def refused(desk: Desk, body: View, role: str = "admin") -> list[tuple[object, object]]:
    answer = await desk.api.call("POST", "/orders", {**SECOND, **body}, role=role, desks=["demo"])
    assert answer.status_code == 422, answer.text
    return faults(answer.json())


async def called(desk: Desk) -> View:
    """Let Anna call, who gives her e-mail; return her lead, which has no order."""
    said = {"desk": "demo", "source": "getcourse", "kind": "missed", "at": NOW.isoformat(), "name": "Анна Иванова"}
    said |= {"phone": "+79161234567", "email": "anna@example.com"}
    answer = await desk.api.call("POST", "/contacts", said, role="service")
    assert answer.is_success, answer.text
    return (await leads(desk))[0]


@pytest.mark.parametrize("member", ["lead_id", "customer_id"])
async def test_an_order_for_who_is_there_opens_no_lead_and_asks_nothing_that_is_known(
    desk: Desk, member: str
) -> None:
    lead = await called(desk)
    known = {"lead_id": lead["id"], "customer_id": lead["customer_id"]}
    order = await desk.api.ok("POST", "/orders", {**SECOND, member: known[member]})
    async with desk.worker():
        shown = await until(desk, order, "accepted", None)
    deal = desk.school.deal_of(str(shown["external_number"]))
    assert deal is not None
    assert (deal.user.email, deal.user.phone, deal.title) == ("anna@example.com", "+79161234567", "Курс «Профи»")
    assert (shown["lead_id"], shown["customer_id"]) == (lead["id"], lead["customer_id"])
    assert (len(await desk.api.said(LeadReceivedV2)), len(await leads(desk))) == (1, 1)
    said = [one for one in await desk.api.said(OrderChanged) if str(one.order_id) == order["id"]]
    assert [one.version for one in said] == list(range(1, len(said) + 1))  # no change that no event says
    assert (str(said[-1].lead_id), said[-1].payment_link) == (lead["id"], shown["payment_link"])


async def test_what_the_school_says_of_it_later_is_of_the_same_lead(desk: Desk) -> None:
    lead = await called(desk)
    order = await desk.api.ok("POST", "/orders", {**SECOND, "lead_id": lead["id"]})
    async with desk.worker():
        await until(desk, order, "accepted", None)
    deal = desk.school.deal_of(str(order["external_number"]))
    assert deal is not None
    await desk.customer(f"_orders/{deal.id}", status="payed")
    shown = await desk.shown(order)
    assert (shown["status"], shown["lead_id"], await desk.api.count("lead")) == ("paid", lead["id"], 1)


@pytest.mark.parametrize("member", ["lead_id", "customer_id"])
@pytest.mark.parametrize("stage", ["working", "lost"])
async def test_a_lead_that_has_an_order_or_is_over_gets_no_other(desk: Desk, member: str, stage: str) -> None:
    lead = await anna(desk)
    await desk.ctx.core.db.pool.execute("UPDATE lead SET stage = $1", stage)
    known = {"lead_id": lead["id"], "customer_id": lead["customer_id"]}
    order = await desk.api.ok("POST", "/orders", {**SECOND, member: known[member]})
    assert (order["lead_id"] != lead["id"], order["customer_id"]) == (True, lead["customer_id"])
    said = (await desk.api.said(LeadReceivedV2))[-1]
    # It is no second unpaid order that goes by itself: a person has made it.
    assert (str(said.lead_id), said.signals, said.earlier_lead_id) == (order["lead_id"], (), None)
    assert (said.person.name, said.person.phone, said.person.email) == (
        "Анна Иванова", "+79161234567", "anna@example.com",
    )  # fmt: skip


async def test_of_two_orders_that_are_made_at_once_for_a_lead_one_is_refused(desk: Desk) -> None:
    lead = await called(desk)
    asked, target = OrderIn.model_validate(SECOND), Target(UUID(lead["id"]))
    await place_order(desk.ctx, asked, target, "anna", None)
    with pytest.raises(OrderRefusedError):
        await place_order(desk.ctx, asked, target, "anna", None)
    assert await desk.api.count("sales_order") == 1


@pytest.mark.req("P.6")
async def test_a_new_lead_of_a_known_customer_is_no_way_to_another(desk: Desk) -> None:
    lead = await anna(desk)
    await desk.customer(email="oleg@example.com", phone="+79160000001", first_name="Олег")
    taken = {"phone": "+79160000001", "email": "oleg@example.com"}
    wrong = [("/phone", "of_another"), ("/email", "of_another")]
    assert await refused(desk, {"customer_id": lead["customer_id"], **taken}) == wrong
    assert await desk.api.count("sales_order") == 2


async def test_a_customer_without_an_email_gets_it_with_the_order(desk: Desk) -> None:
    lead = await by_phone(desk)
    asked = {"lead_id": lead["id"], "name": "Анна"}
    assert await refused(desk, asked) == [("/email", "no_email")]
    order = await desk.api.ok("POST", "/orders", {**SECOND, **asked, "email": "anna@example.com"})
    assert order["customer_id"] == lead["customer_id"]
    async with desk.worker():
        await until(desk, order, "accepted", None)
    assert [each.user.email for each in desk.school.deals.values()] == ["anna@example.com"]


@pytest.mark.req("P.6")
async def test_leads_of_other_customers_and_desks_are_refused(desk: Desk) -> None:
    lead = await anna(desk)
    await desk.customer(email="oleg@example.com", phone="+79160000001", first_name="Олег")
    oleg = next(each for each in await leads(desk) if each["id"] != lead["id"])
    both = {"lead_id": lead["id"], "customer_id": oleg["customer_id"]}
    assert await refused(desk, both) == [("/customer_id", "other_customer")]
    assert await refused(desk, {"lead_id": str(uuid7())}) == [("/lead_id", "no_lead")]
    assert await refused(desk, {"customer_id": str(uuid7())}) == [("/customer_id", "no_lead")]
    page = await by_phone(desk)
    await desk.ctx.core.db.pool.execute("UPDATE lead SET desk = 'cars' WHERE id = $1", page["id"])
    assert await refused(desk, {"lead_id": page["id"]}) == [("/lead_id", "no_lead")]
    await desk.api.hire()
    await desk.ctx.core.db.pool.execute("UPDATE lead SET owner_id = $1", uuid7())
    assert await refused(desk, {"lead_id": lead["id"]}, "operator") == [("/lead_id", "no_lead")]
    assert await desk.api.count("sales_order") == 3


async def test_an_email_of_someone_else_is_refused(desk: Desk) -> None:
    lead = await called(desk)
    assert await refused(desk, {"lead_id": lead["id"], "email": "a@example.com"}) == [("/email", "other_email")]
    await desk.api.deliver(await desk.api.source(), page_order(phone="+79160000002"))
    other = next(each for each in await leads(desk) if each["id"] != lead["id"])
    taken = {"lead_id": other["id"], "name": "Олег", "email": "anna@example.com"}
    assert await refused(desk, taken) == [("/email", "of_another")]


async def test_an_email_that_the_customer_is_known_by_too_is_theirs(desk: Desk) -> None:
    lead = await anna(desk)
    await desk.customer(**{**ANNA, "email": "a.ivanova@example.com"})
    asked = {**SECOND, "lead_id": lead["id"], "email": "a.ivanova@example.com"}
    order = await desk.api.ok("POST", "/orders", asked)
    assert (await desk.api.ok("GET", f"/leads/{order['lead_id']}"))["customer_id"] == lead["customer_id"]


async def oleg(desk: Desk) -> View:
    """Let Oleg order at the school, without a number; return his lead."""
    await desk.customer(email="oleg@example.com", first_name="Олег")
    return next(each for each in await leads(desk) if each["person"]["email"] == "oleg@example.com")


async def test_a_number_of_someone_else_is_refused(desk: Desk) -> None:
    await anna(desk)
    lead = await oleg(desk)
    taken = {"lead_id": lead["id"], "phone": "8 916 123-45-67", "email": "a@example.com"}
    assert await refused(desk, taken) == [("/phone", "of_another")]
    assert (await oleg(desk))["person"]["phone"] is None


async def test_a_number_that_becomes_someone_elses_this_moment_is_refused(desk: Desk) -> None:
    known, lead = await anna(desk), await oleg(desk)
    pool = desk.ctx.core.db.pool
    async with pool.acquire() as conn, asyncio.TaskGroup() as group, conn.transaction():
        await conn.execute(LEARNED, UUID(known["customer_id"]))
        asked = group.create_task(refused(desk, {"lead_id": lead["id"], "phone": "8 916 000-00-09"}))
        await eventually(partial(pool.fetchval, BEHIND, conn.get_server_pid()), bool)
    assert asked.result() == [("/phone", "of_another")]


async def test_a_new_lead_needs_a_name_and_an_email_unless_the_number_is_known_with_one(desk: Desk) -> None:
    assert await refused(desk, {"phone": "+79161234567"}) == [("/name", "missing"), ("/email", "no_email")]
    await anna(desk)
    order = await desk.api.ok("POST", "/orders", {name: value for name, value in ORDER.items() if name != "email"})
    async with desk.worker():
        await until(desk, order, "accepted", None)
    assert len(desk.school.users) == 1
