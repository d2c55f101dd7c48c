"""Payments: what sources say was paid, what people enter by hand, and two of one order (S4.9, S4.10)."""

import asyncio
import re
from decimal import Decimal

import pytest

from libs.common.contracts.intake import ChangeRefused, OrderChanged
from libs.common.contracts.payments import PaymentRecorded
from libs.common.contracts.shared import ChangeTarget
from libs.common.contracts.tasks import ChangeRequested
from libs.common.platform.db import Database
from services.intake.app import WORK
from services.intake.leads.schemas import Change
from services.intake.payments.actions import book_payments
from tests.intake.api import Api
from tests.intake.exchange import faults
from tests.intake.test_appointments import items, tag
from tests.intake.test_changes import asked
from tests.support.lookouts import rung

View = dict[str, object]


async def booked(api: Api) -> None:
    """Book what sources say was paid, if the lookout says that there is something."""
    if "booking" in await rung(api.ctx.core.db, api.ctx.core.clock, WORK):
        await book_payments(api.ctx)


class School:
    """An order of GetCourse, and what is paid of it."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.url = ""
        self.lead: View = {}

    async def open(self, **said: object) -> "School":
        self.url = await self.api.source("school")
        answer = await self.says(**{"status": "new", "payed_money": "0", **said})
        self.lead = await self.api.ok("GET", f"/leads/{answer['lead_id']}")
        return self

    async def says(self, **said: object) -> dict[str, str]:
        """GetCourse says how the deal is; what it says was paid is booked."""
        deal = {"deal_id": "700100", "number": "1042", "cost_value": "1000", "email": "anna@example.com", **said}
        answer = await self.api.deliver(self.url, deal)
        await booked(self.api)
        return answer

    async def order(self) -> View:
        [order] = items(await self.api.ok("GET", f"/leads/{self.lead['id']}"), "orders")
        return order

    async def payments(self) -> list[View]:
        """The payments of the order, the oldest first."""
        found = items(await self.api.ok("GET", f"/payments?order_id={(await self.order())['id']}"), "items")
        return found[::-1]

    async def pay(self, amount: str | None = None) -> View:
        """A person enters a payment by hand."""
        order = await self.order()
        sum_ = {} if amount is None else {"amount": {"amount": amount, "currency": "RUB"}}
        body = {"type": "bank card", "order_version": order["version"], **sum_}
        return await self.api.ok("POST", f"/orders/{order['id']}/payments", body)

    async def said(self) -> list[tuple[str, str, Decimal, bool, bool]]:
        events = await self.api.said(PaymentRecorded)
        return [(one.kind, one.status, one.received.amount, one.fully_paid, one.doubled) for one in events]

    async def statuses(self) -> list[tuple[str, str]]:
        return [(one.from_status, one.to_status) for one in await self.api.said(OrderChanged)]

    async def asks(self, **values: str) -> ChangeRequested:
        order = await self.order()
        request = asked(ChangeTarget.PAYMENT, order["id"], values=values, lead_id=self.lead["id"])
        await self.api.hear(request)
        return request


@pytest.mark.req("S4.9")
async def test_a_payment_by_hand_completes_its_order_when_it_is_fully_paid(api: Api) -> None:
    school = await School(api).open(status="in_work")
    part = await school.pay("400")
    await school.pay()
    assert (part["kind"], part["status"], part["type"]) == ("manual", "received", "bank card")
    history = items(await api.ok("GET", f"/leads/{part['lead_id']}/history"), "items")
    assert [one["what"] for one in history][-2:] == ["order_status", "payment"]
    assert await school.statuses() == [("in_work", "part_paid"), ("part_paid", "paid")]
    assert await school.said() == [
        ("manual", "received", Decimal(400), False, False),
        ("manual", "received", Decimal(1000), True, False),
    ]


async def test_all_that_a_history_may_hold_can_be_shown(api: Api) -> None:
    check = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'ck_history_what'"
    stored = set(re.findall(r"'(\w+)'", await api.ctx.core.db.pool.fetchval(check)))
    assert stored == {change.value for change in Change}


@pytest.mark.req("S4.10")
async def test_of_two_payments_of_one_order_both_are_shown_and_the_manual_one_is_deleted(api: Api) -> None:
    school = await School(api).open()
    manual = await school.pay()
    await school.says(status="payed", payed_money="1000")
    body = {"reason": "the automatic one has come"}
    await api.ok("POST", f"/payments/{manual['id']}/delete", body, headers=tag(manual))
    shown = [(one["kind"], one["status"], one["deleted_reason"]) for one in await school.payments()]
    assert (await school.said())[1:] == [
        ("automatic", "received", Decimal(2000), True, True),
        ("manual", "deleted", Decimal(1000), True, False),
    ]
    assert shown == [("manual", "deleted", body["reason"]), ("automatic", "received", None)]
    assert (await school.order())["status"] == "paid"


@pytest.mark.req("S4.10")
async def test_what_a_source_says_twice_is_one_payment_and_a_larger_sum_the_rest_of_it(api: Api) -> None:
    school = await School(api).open()
    for paid in ("300", "300", "1000", "1000"):
        await school.says(status="in_work", payed_money=paid)
    assert [one["amount"] for one in await school.payments()] == [
        {"amount": "300.00", "currency": "RUB"},
        {"amount": "700.00", "currency": "RUB"},
    ]
    assert (await school.order())["status"] == "in_work"  # the status is GetCourse's affair


@pytest.mark.req("S4.10")
async def test_a_source_without_sums_says_by_its_status_that_all_is_paid(api: Api) -> None:
    url = await api.source("landing")
    await api.deliver(url, {"external_id": "lp-9", "name": "Анна", "phone": "+79161234567", "total": "990.00"})
    paid = {"external_id": "lp-9", "name": "Анна", "phone": "+79161234567", "total": "990.00", "status": "paid"}
    await api.deliver(url, paid)
    await booked(api)
    [event] = await api.said(PaymentRecorded)
    assert (event.kind, event.amount.amount, event.fully_paid) == ("automatic", Decimal("990.00"), True)


@pytest.mark.req("S4.9", "S4.1")
async def test_a_source_that_does_not_know_of_the_payment_does_not_lead_the_order_back(api: Api) -> None:
    school = await School(api).open(status="in_work", updated_at="2026-03-02 12:00:00")
    payment = await school.pay()
    await school.says(status="payment_waiting", updated_at="2026-03-02 13:00:00")
    kept = (await school.order())["status"]
    await api.ok("POST", f"/payments/{payment['id']}/delete", {"reason": "mistaken"}, headers=tag(payment))
    assert (kept, (await school.order())["status"]) == ("paid", "awaiting_payment")


@pytest.mark.req("S4.9", "S4.1")
async def test_a_source_that_says_more_than_unpaid_wins(api: Api) -> None:
    school = await School(api).open()
    await school.pay()
    await school.says(status="cancelled")
    assert (await school.order())["status"] == "cancelled"


@pytest.mark.req("S4.9")
async def test_of_two_who_enter_the_same_payment_at_once_one_succeeds(api: Api) -> None:
    school = await School(api).open()
    order = await school.order()
    body = {"type": "card", "order_version": order["version"], "amount": {"amount": "400", "currency": "RUB"}}
    path = f"/orders/{order['id']}/payments"
    answers = await asyncio.gather(*(api.call("POST", path, body) for _ in range(2)))
    [refused] = [one.json() for one in answers if one.status_code == 409]
    assert (refused["code"], refused["current_version"], len(await school.payments())) == ("order_changed", 2, 1)


@pytest.mark.req("S4.9")
async def test_of_two_tasks_that_confirm_at_once_one_is_refused(api: Api) -> None:
    school = await School(api).open()
    await asyncio.gather(*(school.asks(step="record", type="card") for _ in range(2)))
    [refusal] = await api.said(ChangeRefused)
    assert (refusal.code, len(await school.said())) == ("already_paid", 1)


@pytest.mark.req("S4.10")
async def test_tasks_has_the_manual_payment_deleted_and_is_answered(api: Api) -> None:
    school = await School(api).open()
    recorded = await school.asks(step="record", type="card", amount="1000")
    await school.says(status="payed", payed_money="1000")
    deleted = await school.asks(step="delete")
    await school.asks(step="delete")
    answers = [one.request_id for one in await api.said(PaymentRecorded)]
    assert answers == [recorded.request_id, None, deleted.request_id]
    assert [one.code for one in await api.said(ChangeRefused)] == ["not_found"]


@pytest.mark.req("S4.9")
@pytest.mark.parametrize(
    ("values", "faults"),
    [
        ({"step": "record", "type": "", "amount": "-5"}, [("amount", "not_an_amount")]),
        ({"step": "record", "type": " ", "currency": "USD"}, [("type", "missing"), ("currency", "other_currency")]),
        ({"step": "dance"}, [("step", "unknown_step")]),
    ],
)
async def test_a_payment_that_does_not_fit_is_refused_with_every_fault(
    api: Api, values: dict[str, str], faults: list[tuple[str, str]]
) -> None:
    school = await School(api).open()
    await school.asks(**values)
    [refusal] = await api.said(ChangeRefused)
    assert [(each.field, each.code) for each in refusal.faults] == faults


@pytest.mark.req("S4.9", "P.3")
@pytest.mark.parametrize(
    ("cost", "sent", "place"),
    [
        ("1000", {"amount": {"amount": "5", "currency": "USD"}}, ("/amount/currency", "other_currency")),
        ("", {}, ("/amount", "missing")),
    ],
    ids=["currency", "amount"],
)
async def test_a_payment_that_does_not_fit_is_refused_where_it_was_sent(
    api: Api, cost: str, sent: View, place: tuple[str, str]
) -> None:
    school = await School(api).open(cost_value=cost)
    order = await school.order()
    body = {"type": "card", "order_version": order["version"], **sent}
    answer = await api.call("POST", f"/orders/{order['id']}/payments", body)
    assert (answer.status_code, faults(answer.json())) == (422, [place])


@pytest.mark.req("S4.10")
async def test_what_came_by_itself_cannot_be_deleted(api: Api) -> None:
    school = await School(api).open(status="payed", payed_money="1000")
    [payment] = await school.payments()
    answer = await api.call(
        "POST", f"/payments/{payment['id']}/delete", {"reason": "why not"}, headers=tag(payment)
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "payment_kept")


@pytest.mark.req("S4.9")
@pytest.mark.parametrize(("roles", "status"), [(("payments",), 201), (("sales",), 403)])
async def test_an_operator_enters_payments_in_that_role_alone(
    api: Api, roles: tuple[str, ...], status: int
) -> None:
    school = await School(api).open()
    await api.hire(roles=roles)
    order = await school.order()
    path = f"/orders/{order['id']}/payments"
    body = {"type": "card", "order_version": order["version"]}
    answer = await api.call("POST", path, body, role="operator", desks=["demo"])
    assert answer.status_code == status


@pytest.mark.req("S4.10")
async def test_what_the_source_knows_from_us_is_no_payment_of_its_own(api: Api, intake_db: Database) -> None:
    school = await School(api).open()
    manual = await school.pay()
    await intake_db.pool.execute("UPDATE payment SET reported = true WHERE id = $1", manual["id"])
    await school.says(status="payed", payed_money="1000")
    await school.says(status="payed", payed_money="2000")  # now the automatic one has come too
    assert [(kind, doubled) for kind, _, _, _, doubled in await school.said()] == [
        ("manual", False),
        ("automatic", True),
    ]
