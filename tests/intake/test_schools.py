"""What no webhook brought is found by the check of the school's orders, within its quota (S4.1)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any, cast

import pytest

from deploy.standins.faults import Failure, Mode
from deploy.standins.getcourse.school import LIMIT
from libs.common.contracts.intake import LeadReceivedV2, LeadUpdated, OrderChanged
from libs.common.contracts.shared import OrderStatus
from libs.common.platform.db import Database
from libs.common.platform.ids import uuid7
from services.intake.schools.rules import AT_FIRST
from services.intake.schools.worker import PORTION
from tests.intake.api import Api, order_in
from tests.intake.exchange import faults
from tests.intake.payloads import sample
from tests.intake.school import ACCOUNT, ANNA, SOURCE, Desk, open_school
from tests.support.patience import eventually

pytestmark = pytest.mark.servers
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
MANY = 2 * PORTION + 1  # orders
TAKEN = "INSERT INTO customer_identity (desk, kind, value, customer_id) VALUES ('demo', 'email', $1, $2)"
WRONG = [
    Failure(Mode.CODE, "empty"), Failure(Mode.CODE, "html"), Failure(Mode.CODE, "cut"), Failure(Mode.CODE, "903"),
    Failure(Mode.CODE, "905"), Failure(Mode.LOSE, ""),
]  # fmt: skip


@pytest.fixture
async def desk(intake_db: Database) -> AsyncIterator[Desk]:
    async with open_school(intake_db) as opened:
        yield opened


@pytest.mark.req("S4.1")
async def test_an_order_whose_webhook_was_lost_is_a_lead_within_the_hour(desk: Desk) -> None:
    await desk.pass_time(3 * MINUTE)
    made = await desk.customer(**ANNA, webhook=False)
    await desk.pass_time(HOUR)
    [event] = await desk.api.said(LeadReceivedV2)
    order = order_in(event)
    assert (order.external_id, order.status, event.person.phone) == (str(made["id"]), "new", "+79161234567")
    assert order.amount is not None
    assert (order.amount.amount, event.person.name) == (Decimal("12000.00"), "Анна Иванова")


@pytest.mark.req("S4.1")
async def test_a_payment_whose_webhook_was_lost_is_one_change(desk: Desk) -> None:
    made = await desk.customer(**ANNA)
    await desk.customer(f"_orders/{made['id']}", status="payed", webhook=False)
    await desk.pass_time(2 * HOUR)
    [event] = await desk.api.said(OrderChanged)
    assert (event.from_status, event.to_status) == (OrderStatus.NEW, OrderStatus.PAID)
    assert event.paid is not None
    assert event.paid.amount == Decimal("12000.00")
    assert len(await desk.api.said(LeadReceivedV2)) == 1


@pytest.mark.req("S4.1")
async def test_an_order_without_a_phone_gets_it_before_it_is_a_breach(desk: Desk) -> None:
    await desk.pass_time(5 * MINUTE)
    url, desk.school.address = desk.school.address, ""
    desk.school.uris = {1: url}
    await desk.customer(**ANNA)
    [event] = await desk.api.said(LeadReceivedV2)
    assert event.person.phone is None
    await desk.pass_time(15 * MINUTE)
    [update] = await desk.api.said(LeadUpdated)
    assert (update.lead_id, update.person.phone) == (event.lead_id, "+79161234567")


@pytest.mark.req("S4.1")
@pytest.mark.parametrize("failure", WRONG, ids=lambda each: f"{each.mode}-{each.value}")
async def test_an_answer_that_is_none_costs_no_order(desk: Desk, failure: Failure) -> None:
    await desk.customer(**ANNA, webhook=False)
    desk.standin.dice.failures = [failure, failure]
    await desk.look()
    failing = await desk.check()
    await desk.pass_time(HOUR)
    assert (failing["check_code"] is None, len(await desk.api.said(LeadReceivedV2))) == (False, 1)
    assert (await desk.check())["check_code"] is None


@pytest.mark.req("S4.1")
async def test_the_check_stays_within_the_schools_quota_also_when_it_is_hurried(desk: Desk) -> None:
    url, desk.school.address = desk.school.address, ""
    desk.school.uris, most = {1: url}, 0
    for number in range(24):
        await desk.customer(email=f"c{number}@example.com")  # a phone that never comes
        await desk.pass_time(5 * MINUTE)
        most = max(most, desk.school.asked)
    assert 0 < most <= LIMIT / 2
    assert (await desk.check())["check_code"] is None


@pytest.mark.req("S4.1")
async def test_what_people_changed_here_stays_until_the_school_says_something_new(desk: Desk) -> None:
    made = await desk.customer(**ANNA)
    pool = desk.ctx.core.db.pool
    await pool.execute("UPDATE sales_order SET status = 'paid', paid = 12000, version = version + 1")
    await pool.execute(
        "INSERT INTO history (desk, lead_id, order_id, at, what, actor, from_value, to_value, reason, cause_id)"
        " SELECT desk, lead_id, id, created_at, 'order_status', 'ann', 'new', 'paid', 'x', id FROM sales_order"
    )
    await desk.pass_time(HOUR)
    assert await desk.api.said(OrderChanged) == []
    await desk.customer(f"_orders/{made['id']}", status="cancelled", webhook=False)
    await desk.pass_time(HOUR)
    [event] = await desk.api.said(OrderChanged)
    assert (event.from_status, event.to_status) == (OrderStatus.PAID, OrderStatus.CANCELLED)


@pytest.mark.req("S4.1")
async def test_a_newer_webhook_that_comes_late_changes_nothing(api: Api) -> None:
    url = await api.source("getcourse")
    paid, made = (
        cast("dict[str, Any]", sample(f"getcourse/newapi_deal_{name}")["json"]) for name in ("paid", "created")
    )
    made["json"]["ts64"] -= 60_000
    answers = [await api.deliver(url, body) for body in (paid, paid, made)]
    assert [answer["disposition"] for answer in answers] == ["accepted", "repeat", "repeat"]
    assert await api.said(OrderChanged) == []
    assert order_in((await api.said(LeadReceivedV2))[0]).status is OrderStatus.PAID


async def test_a_row_that_cannot_be_read_waits_in_quarantine_once(desk: Desk) -> None:
    await desk.customer(email="", webhook=False)  # no one who could be reached
    await desk.pass_time(2 * HOUR)
    listed = await desk.api.ok("GET", "/deliveries?disposition=quarantined")
    assert [each["reason"] for each in listed["items"]] == ["no_contact"]  # type: ignore[attr-defined]  # a list


@pytest.mark.req("S4.1")
@pytest.mark.parametrize(
    "failure", [Failure(Mode.CODE, "905", times=None), Failure(Mode.LOSE, "", times=None)], ids=["905", "lost"]
)
async def test_a_check_that_goes_on_failing_waits_for_a_person_until_it_succeeds(
    desk: Desk, failure: Failure
) -> None:
    desk.standin.dice.failures = [failure]
    await desk.pass_time(30 * MINUTE)
    failing = await waiting(desk)
    desk.standin.dice.failures = []
    await desk.pass_time(HOUR)
    assert (failing, await waiting(desk)) == (["school_unchecked"], [])


@pytest.mark.req("S4.1")
async def test_an_order_that_came_by_its_number_alone_is_no_second_one_when_a_list_names_its_id(desk: Desk) -> None:
    made = await desk.customer(**ANNA, webhook=False)
    said = {"number": made["number"], "status": "new", "email": "anna@example.com", "phone": "+79161234567"}
    assert (await desk.api.send("POST", str(desk.source["hook"]), body=said)).status_code == 200
    await desk.customer(f"_orders/{made['id']}", status="payed", webhook=False)
    await desk.pass_time(HOUR)
    [event] = await desk.api.said(OrderChanged)
    assert (event.external_id, event.to_status) == (made["number"], OrderStatus.PAID)
    assert await desk.api.count("lead") == 1


@pytest.mark.req("S4.1")
async def test_a_long_list_is_stored_in_portions_and_goes_on_after_a_kill_with_nothing_twice(desk: Desk) -> None:
    await desk.pass_time(3 * MINUTE)
    for number in range(MANY):
        user = desk.school.user(f"c{number:03}@example.com")
        desk.school.add(user, "Курс", Decimal(1000), "RUB", desk.clock.now())
    pool = desk.ctx.core.db.pool
    async with pool.acquire() as other, other.transaction():
        await other.execute(TAKEN, f"c{PORTION:03}@example.com", uuid7())
        killed = asyncio.create_task(desk.pass_time(HOUR))
        await eventually(partial(desk.api.count, "lead"), lambda found: found == PORTION)
        killed.cancel()
        await asyncio.gather(killed, return_exceptions=True)
        await other.execute("DELETE FROM customer_identity WHERE value = $1", f"c{PORTION:03}@example.com")
    await pool.execute("UPDATE poll SET leased_until = clock_timestamp() WHERE lease_token IS NOT NULL")
    await desk.pass_time(HOUR)
    assert [await desk.api.count(table) for table in ("lead", "sales_order", "delivery")] == [MANY] * 3
    assert len({event.customer_id for event in await desk.api.said(LeadReceivedV2)}) == MANY


async def waiting(desk: Desk) -> list[str]:
    """Return what waits for a person."""
    rows = (await desk.api.ok("GET", "/attention"))["items"]
    return [row["kind"] for row in cast("list[dict[str, str]]", rows)]


@pytest.mark.req("P.7", "S4.1")
@pytest.mark.parametrize("alone", [False, True], ids=["known by its id", "known by its number"])
async def test_an_erased_customer_does_not_come_back_by_the_check_unless_the_school_says_something_new(
    desk: Desk, alone: bool
) -> None:
    made = await desk.customer(**ANNA, webhook=not alone)
    if alone:
        said = {"number": made["number"], "status": "new", "email": "anna@example.com", "phone": "+79161234567"}
        await desk.api.send("POST", str(desk.source["hook"]), body=said)
    (customer,) = cast("list[dict[str, str]]", (await desk.api.ok("GET", "/customers"))["items"])
    await desk.api.ok("POST", f"/customers/{customer['id']}/erasure", {"reason": "request"})
    await desk.pass_time(HOUR)
    quiet = len(await desk.api.said(LeadReceivedV2))
    await desk.customer(f"_orders/{made['id']}", status="payed", webhook=False)
    await desk.pass_time(HOUR)
    assert (quiet, len(await desk.api.said(LeadReceivedV2))) == (1, 2)


@pytest.mark.req("S4.1")
async def test_one_account_is_given_to_one_source_and_another_account_is_checked_from_its_first(
    desk: Desk,
) -> None:
    other = await desk.api.ok("POST", "/sources", {**SOURCE, "code": "two"})
    path = f"/sources/{other['id']}/school"
    taken = await desk.api.call("PUT", path, ACCOUNT)
    assert (taken.status_code, faults(taken.json())) == (422, [("/account", "taken")])
    await desk.pass_time(2 * MINUTE)
    known = await desk.set_school(check_minutes=20)
    moved = await desk.set_school(account="other")
    cursor = await desk.ctx.core.db.pool.fetchval("SELECT cursor FROM poll")
    assert (known["checked_at"], cursor["export_id"]) == (moved_from(desk, 2 * MINUTE), None)
    assert moved["checked_at"] == moved_from(desk, timedelta(0))
    assert (await desk.api.call("PUT", path, ACCOUNT)).status_code == 200


def moved_from(desk: Desk, ago: timedelta) -> str:
    """Return from when a check looks that was first asked so long ago."""
    return (desk.clock.now() - ago - AT_FIRST).isoformat().replace("+00:00", "Z")


async def test_a_key_is_kept_sealed_and_needed_at_first(desk: Desk) -> None:
    kept = await desk.ctx.core.db.pool.fetchval("SELECT api_key FROM school")
    assert kept.startswith("v1.tests.")
    other = await desk.api.ok("POST", "/sources", {**SOURCE, "code": "two"})
    refused = await desk.api.call("PUT", f"/sources/{other['id']}/school", {"account": "two"})
    assert (refused.status_code, faults(refused.json())) == (422, [("/api_key", "missing")])
    assert (await desk.set_school(check_minutes=20))["check_minutes"] == 20
