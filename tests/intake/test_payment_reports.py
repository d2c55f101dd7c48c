"""A payment that a person records is reported to its school once, or a person learns that it was not (S4.9)."""

from collections.abc import AsyncIterator, Mapping
from decimal import Decimal
from functools import partial
from typing import Any, cast

import pytest

from deploy.standins.faults import Failure, Mode
from libs.common.connect.command.rules import Verdict
from libs.common.contracts.payments import PaymentRecorded
from libs.common.platform.db import Database
from services.intake.payment_reports.worker import Reports
from services.intake.payments.actions import book_payments
from tests.intake.school import ANNA, ORDER, Desk, open_school
from tests.intake.test_appointments import tag
from tests.intake.test_placements import LOST, raised, until
from tests.support.patience import eventually

pytestmark = [pytest.mark.servers, pytest.mark.req("S4.9")]
View = dict[str, Any]
REFUSED = Failure(Mode.CODE, "Некорректный статус заказа", "import")


@pytest.fixture
async def desk(intake_db: Database) -> AsyncIterator[Desk]:
    async with open_school(intake_db) as opened:
        yield opened


async def ordered(desk: Desk) -> View:
    """Let Anna order at the school, for 12000."""
    await desk.customer(**ANNA)
    return (await orders(desk))[0]


async def orders(desk: Desk) -> list[View]:
    return cast("list[View]", (await desk.api.ok("GET", "/orders"))["items"])


async def pay(desk: Desk, order: Mapping[str, object], amount: str | None = None) -> View:
    """A person records a payment of an order, by default of all that it lacks."""
    sum_ = {} if amount is None else {"amount": {"amount": amount, "currency": "RUB"}}
    body = {"type": "card", "order_version": (await desk.shown(order))["version"], **sum_}
    return await desk.api.ok("POST", f"/orders/{order['id']}/payments", body)


async def paid(desk: Desk, payment: View) -> View:
    return await desk.api.ok("GET", f"/payments/{payment['id']}")


async def reported(desk: Desk, payment: View, state: str, code: str | None = None) -> View:
    """Wait until a payment says how far its report is."""
    wanted = {"state": state, "code": code}
    return await eventually(partial(paid, desk, payment), lambda shown: shown["report"] == wanted)


async def heard(desk: Desk) -> None:
    """Wait until the school has said that all of the one order is paid."""
    wanted = {"amount": "12000.00", "currency": "RUB"}
    await eventually(partial(orders, desk), lambda found: found[0]["paid"] == wanted)


async def step(desk: Desk, payment: View, what: str) -> None:
    await desk.api.ok("POST", f"/payments/{payment['id']}/report", {"step": what})


async def booked(desk: Desk) -> list[tuple[str, str]]:
    """Book what the school says was paid; return the payments on record, the oldest first."""
    await book_payments(desk.ctx)
    return [(one.kind, one.status) for one in await desk.api.said(PaymentRecorded)]


def reports(desk: Desk) -> list[Any]:
    """Return the payments that the school was informed of."""
    deals = [cast("dict[str, Any]", document["deal"]) for document in desk.standin.imports]
    return [deal["payment_status"] for deal in deals if "payment_status" in deal]


async def test_a_payment_by_hand_completes_the_order_at_its_school_and_is_no_second_payment_here(
    desk: Desk,
) -> None:
    order = await ordered(desk)
    payment = await pay(desk, order)
    assert payment["report"] == {"state": "pending", "code": None}
    async with desk.worker():
        await reported(desk, payment, "accepted")
        await heard(desk)
    [deal] = desk.school.deals.values()
    assert (deal.status, deal.payed, reports(desk)) == ("payed", Decimal(12000), ["accepted"])
    assert (await booked(desk), (await desk.shown(order))["paid"]) == (
        [("manual", "received")], {"amount": "12000.00", "currency": "RUB"},
    )  # fmt: skip
    assert (await raised(desk), len(await orders(desk))) == ([], 1)


async def test_what_the_school_says_was_paid_is_not_reported_to_it(desk: Desk) -> None:
    made = await desk.customer(**ANNA)
    await desk.customer(f"_orders/{made['id']}", status="payed")
    assert await booked(desk) == [("automatic", "received")]
    assert await desk.api.count("payment_report") == 0


@pytest.mark.parametrize("failure", LOST, ids=lambda each: f"{each.mode}-{each.value}")
async def test_a_lost_answer_is_asked_for_again_and_books_nothing_meanwhile(desk: Desk, failure: Failure) -> None:
    payment = await pay(desk, await ordered(desk))
    desk.standin.dice.failures = [failure]
    async with desk.worker():
        await reported(desk, payment, "accepted")
    [deal] = desk.school.deals.values()
    assert (deal.payed, await booked(desk)) == (Decimal(12000), [("manual", "received")])


async def test_what_the_school_says_while_its_answer_is_out_waits_for_the_answer(desk: Desk) -> None:
    payment = await pay(desk, await ordered(desk))
    desk.standin.dice.failures = [Failure(Mode.HTTP_ACCEPTED, "502", "import", None)]
    async with desk.worker():
        await heard(desk)
        assert await booked(desk) == [("manual", "received")]
        await reported(desk, payment, "unknown", "http_502")
        assert await booked(desk) == [("manual", "received")]
        assert await raised(desk) == [("payment_not_reported", payment["id"])]
        desk.standin.dice.failures = []
        await step(desk, payment, "again")
        await reported(desk, payment, "accepted")
    assert await booked(desk) == [("manual", "received")]


@pytest.mark.req("P.12")
async def test_a_refusal_waits_for_a_person_who_has_it_reported_again(desk: Desk) -> None:
    payment = await pay(desk, await ordered(desk))
    desk.standin.dice.failures = [REFUSED]
    async with desk.worker():
        await reported(desk, payment, "refused", "refused_by_school")
        assert await raised(desk) == [("payment_not_reported", payment["id"])]
        await step(desk, payment, "again")
        await reported(desk, payment, "accepted")
    early = await desk.api.call("POST", f"/payments/{payment['id']}/report", {"step": "again"})
    assert (early.status_code, early.json()["code"]) == (409, "out_of_turn")


@pytest.mark.req("P.12")
async def test_a_part_of_the_sum_is_entered_there_by_a_person_and_the_rest_is_reported(desk: Desk) -> None:
    order = await ordered(desk)
    part = await pay(desk, order, "5000.00")
    async with desk.worker():
        await reported(desk, part, "refused", "part")
        assert await raised(desk) == [("payment_not_reported", part["id"])]
        [deal] = desk.school.deals.values()
        await step(desk, part, "by_hand")
        await desk.customer(f"_orders/{deal.id}", status="part_payed", payed="5000")
        assert await booked(desk) == [("manual", "received")]
        await reported(desk, await pay(desk, order), "accepted")
    assert (deal.payed, reports(desk)) == (Decimal(12000), ["accepted"])
    assert await booked(desk) == [("manual", "received")] * 2
    assert (await paid(desk, part))["report"] == {"state": "accepted", "code": "by_hand"}


@pytest.mark.req("P.12")
async def test_a_part_that_is_entered_there_before_that_is_said_here_is_not_booked_twice(desk: Desk) -> None:
    order = await ordered(desk)
    part = await pay(desk, order, "6000.00")
    async with desk.worker():
        await reported(desk, part, "refused", "part")
    [deal] = desk.school.deals.values()
    await desk.customer(f"_orders/{deal.id}", status="part_payed", payed="6000")
    assert await booked(desk) == [("manual", "received")]
    await step(desk, part, "by_hand")
    assert (await booked(desk), (await desk.shown(order))["status"]) == ([("manual", "received")], "part_paid")
    await desk.customer(f"_orders/{deal.id}", status="payed", payed="12000")
    assert await booked(desk) == [("manual", "received"), ("automatic", "received")]


async def test_a_sum_that_cannot_be_the_part_that_waits_for_a_person_is_booked_at_once(desk: Desk) -> None:
    part = await pay(desk, await ordered(desk), "6000.00")
    async with desk.worker():
        await reported(desk, part, "refused", "part")
    [deal] = desk.school.deals.values()
    await desk.customer(f"_orders/{deal.id}", status="part_payed", payed="1000")
    assert await booked(desk) == [("manual", "received"), ("automatic", "received")]


async def test_the_payment_that_completes_an_order_reports_those_before_it_too(desk: Desk) -> None:
    order = await ordered(desk)
    part = await pay(desk, order, "5000.00")
    async with desk.worker():
        await reported(desk, part, "refused", "part")
        await reported(desk, await pay(desk, order), "accepted")
        await reported(desk, part, "accepted")
    assert (reports(desk), await booked(desk)) == (["accepted"], [("manual", "received")] * 2)


@pytest.mark.req("S4.10")
async def test_what_is_deleted_before_it_is_reported_is_not_reported(desk: Desk) -> None:
    payment = await pay(desk, await ordered(desk))
    await desk.api.ok("POST", f"/payments/{payment['id']}/delete", {"reason": "mistake"}, headers=tag(payment))
    async with desk.worker():
        await reported(desk, payment, "refused", "deleted")
    assert (reports(desk), await raised(desk)) == ([], [])


@pytest.mark.req("S4.10", "P.12")
async def test_what_is_deleted_here_and_stands_at_the_school_waits_for_a_person(desk: Desk) -> None:
    order = await ordered(desk)
    payment = await pay(desk, order)
    async with desk.worker():
        shown = await reported(desk, payment, "accepted")
        await heard(desk)
    await desk.api.ok("POST", f"/payments/{payment['id']}/delete", {"reason": "mistake"}, headers=tag(shown))
    [deal] = desk.school.deals.values()
    await desk.customer(f"_orders/{deal.id}", status="payed")  # it says again what it has from us
    assert (await desk.shown(order))["status"] == order["status"]
    assert await raised(desk) == [("payment_kept_there", payment["id"])]
    await step(desk, payment, "by_hand")
    waiting = cast("list[View]", (await desk.api.ok("GET", "/attention"))["items"])
    assert waiting == []


@pytest.mark.req("S4.10")
async def test_what_is_paid_after_a_payment_was_deleted_on_both_sides_is_booked(desk: Desk) -> None:
    order = await ordered(desk)
    payment = await pay(desk, order)
    async with desk.worker():
        shown = await reported(desk, payment, "accepted")
        await heard(desk)
    assert await booked(desk) == [("manual", "received")]
    await desk.api.ok("POST", f"/payments/{payment['id']}/delete", {"reason": "mistake"}, headers=tag(shown))
    [deal] = desk.school.deals.values()
    await desk.customer(f"_orders/{deal.id}", status="in_work", payed="0")
    await step(desk, payment, "by_hand")
    await desk.customer(f"_orders/{deal.id}", status="payed")
    assert ((await booked(desk))[-1], (await desk.shown(order))["status"]) == (("automatic", "received"), "paid")


@pytest.mark.req("S4.10", "P.12")
async def test_what_is_deleted_while_it_is_in_doubt_waits_for_a_person_too(desk: Desk) -> None:
    payment = await pay(desk, await ordered(desk))
    desk.standin.dice.failures = [Failure(Mode.HTTP_ACCEPTED, "502", "import", None)]
    async with desk.worker():
        await heard(desk)
        seen = await paid(desk, payment)
        await desk.api.ok("POST", f"/payments/{payment['id']}/delete", {"reason": "mistake"}, headers=tag(seen))
        await reported(desk, payment, "unknown", "in_doubt")
    asked = {"format": "getcourse", "verdict": Verdict.TAKEN}  # once: a doubt without a call slows its school down
    assert desk.ctx.core.metrics.get_sample_value("payment_report_tries_total", asked) == 1
    assert await raised(desk) == [("payment_kept_there", payment["id"])]
    await step(desk, payment, "by_hand")
    assert cast("list[View]", (await desk.api.ok("GET", "/attention"))["items"]) == []


@pytest.mark.req("S4.10")
async def test_a_payment_that_came_by_itself_meanwhile_is_shown_beside_and_nothing_is_reported(desk: Desk) -> None:
    payment = await pay(desk, await ordered(desk))
    [deal] = desk.school.deals.values()
    await desk.customer(f"_orders/{deal.id}", status="payed")
    assert await booked(desk) == [("manual", "received"), ("automatic", "received")]
    async with desk.worker():
        await reported(desk, payment, "refused", "known_there")
    assert (reports(desk), await raised(desk)) == ([], [])


async def test_an_order_by_hand_is_made_before_its_payment_is_reported(desk: Desk) -> None:
    order = await desk.api.ok("POST", "/orders", ORDER)
    payment = await pay(desk, order)
    async with desk.worker():
        await until(desk, order, "accepted", None)
        await reported(desk, payment, "accepted")
    [deal] = desk.school.deals.values()
    assert (deal.status, deal.number, desk.standin.journal.twice()) == ("payed", order["external_number"], [])


async def test_a_payment_of_an_order_that_is_being_made_is_not_claimed_so_a_kill_leaves_it_in_no_doubt(
    desk: Desk,
) -> None:
    payment = await pay(desk, await desk.api.ok("POST", "/orders", ORDER))
    reports, pool = Reports(desk.ctx), desk.ctx.core.db.pool
    assert await reports.claim({}) == []
    await pool.execute("UPDATE sales_order SET placed_state = 'accepted'")
    assert [str(one.command_id) for one in await reports.claim({})] == [payment["id"]]


@pytest.mark.req("P.12")
async def test_what_a_school_does_not_take_is_reported_once_it_does(desk: Desk) -> None:
    payment = await pay(desk, await ordered(desk))
    await desk.customer("_school", read_only=True)
    async with desk.worker():
        await reported(desk, payment, "pending", "read_only_key")
        assert await raised(desk) == [("school_halted", "getcourse")]
        await desk.customer("_school", read_only=False)
        await desk.set_school()
        await reported(desk, payment, "accepted")
    assert reports(desk) == ["accepted"]


@pytest.mark.req("P.6")
@pytest.mark.parametrize(("roles", "status"), [(("payments",), 409), (("sales",), 403)])
async def test_who_acts_on_payments_acts_on_reports(desk: Desk, roles: tuple[str, ...], status: int) -> None:
    payment = await pay(desk, await ordered(desk))
    await desk.api.hire(roles=roles)
    path = f"/payments/{payment['id']}/report"
    answer = await desk.api.call("POST", path, {"step": "again"}, role="operator", desks=["demo"])
    other = await desk.api.call("POST", path, {"step": "again"}, role="supervisor", desks=["cars"])
    assert (answer.status_code, other.status_code) == (status, 404)


@pytest.mark.req("S4.10", "P.12")
@pytest.mark.parametrize("first", ["here", "there"])
async def test_what_is_paid_by_card_beside_a_payment_entered_by_hand_is_seen_as_paid_twice(
    desk: Desk, first: str
) -> None:
    order = await ordered(desk)
    payment = await pay(desk, order)
    desk.standin.dice.failures = [REFUSED]
    async with desk.worker():
        await reported(desk, payment, "refused", "refused_by_school")
    [deal] = desk.school.deals.values()
    if first == "here":
        await step(desk, payment, "by_hand")
    await desk.customer(f"_orders/{deal.id}", status="payed", payed="12000")
    assert await booked(desk) == [("manual", "received")]
    if first == "there":
        await step(desk, payment, "by_hand")
    await desk.customer(f"_orders/{deal.id}", status="payed", payed="24000")
    assert await booked(desk) == [("manual", "received"), ("automatic", "received")]
    assert (await desk.api.said(PaymentRecorded))[-1].doubled
