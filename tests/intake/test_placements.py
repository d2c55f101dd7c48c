"""Orders that people make by hand: here at once, at the school once, with a payment link (S4.8)."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import cast

import pytest

from deploy.standins.faults import Failure, Mode
from libs.common.contracts.attention import IntakeAttentionRaised
from libs.common.contracts.intake import LeadReceivedV2, OrderChanged
from libs.common.platform.attention.watch import look
from libs.common.platform.db import Database
from services.intake.app import SAY
from services.intake.attention import KINDS
from tests.intake.api import order_in
from tests.intake.exchange import faults
from tests.intake.school import ANNA, ORDER, Desk, open_school
from tests.support.patience import eventually

pytestmark = pytest.mark.servers
LOST = [Failure(Mode.LOSE, "", "import"), Failure(Mode.HTTP_ACCEPTED, "502", "import"),
        Failure(Mode.CODE, "cut", "import")]  # fmt: skip


@pytest.fixture
async def desk(intake_db: Database) -> AsyncIterator[Desk]:
    async with open_school(intake_db) as opened:
        yield opened


def state(order: Mapping[str, object]) -> tuple[object, object]:
    placement = cast("dict[str, object]", order["placement"])
    return placement["state"], placement["code"]


async def until(desk: Desk, order: Mapping[str, object], *wanted: object) -> dict[str, object]:
    return await eventually(partial(desk.shown, order), lambda shown: state(shown) == wanted)


async def raised(desk: Desk) -> list[tuple[str, str]]:
    await look(desk.ctx.core.db, KINDS, SAY, desk.clock.now())
    return [(each.kind, each.ref) for each in await desk.api.said(IntakeAttentionRaised)]


async def unknown(desk: Desk) -> dict[str, object]:
    """Make an order whose answers are lost until no one asks any more."""
    order = await desk.api.ok("POST", "/orders", ORDER)
    desk.standin.dice.failures = [Failure(Mode.HTTP_ACCEPTED, "502", "import", None)]
    async with desk.worker():
        return await eventually(partial(desk.shown, order), lambda shown: state(shown)[0] == "unknown")


@pytest.mark.req("S4.8")
async def test_an_order_by_hand_is_here_at_once_and_gets_its_link_from_the_school(desk: Desk) -> None:
    order = await desk.api.ok("POST", "/orders", ORDER)
    [lead] = await desk.api.said(LeadReceivedV2)
    assert (state(order), order["payment_link"], order["status"]) == (("pending", None), None, "new")
    assert (str(lead.lead_id), order_in(lead).items[0].title) == (order["lead_id"], "Курс «Старт»")
    async with desk.worker():
        shown = await until(desk, order, "accepted", None)
    [deal] = desk.school.deals.values()
    assert str(shown["payment_link"]).endswith(f"/dealPay/id/{deal.id}/hash/{deal.id:x}")
    assert (deal.number, deal.cost, deal.user.email) == (
        shown["external_number"],
        Decimal(12000),
        "anna@example.com",
    )
    changed = (await desk.api.said(OrderChanged))[-1]
    assert (str(changed.order_id), changed.payment_link) == (order["id"], shown["payment_link"])


@pytest.mark.req("S4.8", "S4.1")
async def test_the_webhook_of_an_order_by_hand_is_no_second_order(desk: Desk) -> None:
    order = await desk.api.ok("POST", "/orders", ORDER)
    async with desk.worker():
        await until(desk, order, "accepted", None)
    [deal] = desk.school.deals.values()
    await desk.customer(f"_orders/{deal.id}", status="payed")
    assert (await desk.shown(order))["status"] == "paid"
    assert (await desk.api.count("lead"), await desk.api.count("sales_order")) == (1, 1)


@pytest.mark.req("S4.8", "S4.1")
async def test_an_order_by_hand_that_the_school_numbers_anew_is_no_second_order(desk: Desk) -> None:
    desk.school.numbers_anew = True
    order = await desk.api.ok("POST", "/orders", ORDER)
    async with desk.worker():
        shown = await until(desk, order, "accepted", None)
    [deal] = desk.school.deals.values()
    assert shown["external_number"] == deal.own_number != deal.number
    for named in (deal.number, f"{deal.own_number}&id={deal.id}", deal.own_number):
        desk.clock.advance(timedelta(minutes=1))
        await desk.api.send("GET", f"{desk.source['hook']}?number={named}&status=new&email={deal.user.email}")
    await desk.customer(f"_orders/{deal.id}", status="payed")
    assert (await desk.shown(order))["status"] == "paid"
    assert (await desk.api.count("lead"), await desk.api.count("sales_order")) == (1, 1)


@pytest.mark.req("S4.8")
@pytest.mark.parametrize("failure", LOST, ids=lambda each: f"{each.mode}-{each.value}")
async def test_a_lost_answer_is_asked_for_again_and_makes_no_second_order(desk: Desk, failure: Failure) -> None:
    desk.standin.dice.failures = [failure]
    order = await desk.api.ok("POST", "/orders", ORDER)
    async with desk.worker():
        shown = await until(desk, order, "accepted", None)
    assert (len(desk.school.deals), desk.standin.journal.twice()) == (1, [])
    assert shown["payment_link"] is not None


@pytest.mark.req("S4.8", "P.12")
async def test_a_refusal_is_shown_and_is_a_persons_and_is_made_again_when_asked(desk: Desk) -> None:
    desk.standin.dice.failures = [Failure(Mode.CODE, "Некорректный статус заказа", "import")]
    order = await desk.api.ok("POST", "/orders", ORDER)
    async with desk.worker():
        await until(desk, order, "refused", "refused_by_school")
        assert await raised(desk) == [("order_not_placed", order["id"])]
        await desk.api.ok("POST", f"/orders/{order['id']}/payment-link")
        await until(desk, order, "accepted", None)


@pytest.mark.req("S4.8", "P.12")
@pytest.mark.parametrize(
    ("setting", "code"),
    [
        ({"creates": 0}, "limit_reached"),
        ({"read_only": True}, "read_only_key"),
        ({"has_import": False}, "empty_answer"),
    ],
)
async def test_a_limit_waits_for_a_person_and_then_goes_on(
    desk: Desk, setting: dict[str, object], code: str
) -> None:
    await desk.customer("_school", **setting)
    order = await desk.api.ok("POST", "/orders", ORDER)
    async with desk.worker():
        await until(desk, order, "pending", code)
        assert await raised(desk) == [("school_halted", "getcourse")]
        await desk.customer("_school", creates=None, read_only=False, has_import=True)
        await desk.set_school()
        await until(desk, order, "accepted", None)
    versions = [event.version or 0 for event in await desk.api.said(OrderChanged)]
    assert versions == list(range(versions[0], versions[0] + len(versions)))  # no change that no event says


@pytest.mark.req("S4.8", "S4.1")
async def test_an_order_in_doubt_is_a_persons_until_the_check_finds_it(desk: Desk) -> None:
    desk.school.address = ""  # nor does a webhook say it
    order = await unknown(desk)
    assert await raised(desk) == [("order_not_placed", order["id"])]
    desk.standin.dice.failures = []
    await desk.pass_time(timedelta(hours=1), timedelta(minutes=2))
    assert state(await desk.shown(order)) == ("accepted", None)


@pytest.mark.req("S4.8")
async def test_the_link_of_an_order_that_came_by_itself_is_asked_for(desk: Desk) -> None:
    made = await desk.customer(**ANNA)
    await desk.ctx.core.db.pool.execute("UPDATE sales_order SET payment_link = NULL")
    [order] = cast("list[dict[str, object]]", (await desk.api.ok("GET", "/orders"))["items"])
    async with desk.worker():
        await desk.api.ok("POST", f"/orders/{order['id']}/payment-link")
        shown = await until(desk, order, "accepted", None)
    assert f"/id/{made['id']}/" in str(shown["payment_link"])
    assert len(desk.school.deals) == 1


@pytest.mark.req("S4.8")
async def test_one_key_is_one_order(desk: Desk) -> None:
    keyed = {"headers": {"idempotency-key": '"k-1"'}}
    first, second = [await desk.api.ok("POST", "/orders", ORDER, **keyed) for _ in range(2)]
    assert (first["id"], await desk.api.count("sales_order")) == (second["id"], 1)


@pytest.mark.req("S4.8")
async def test_what_no_school_takes_is_refused_with_its_place(desk: Desk) -> None:
    await desk.api.source()
    wrong = [{"source": "landing"}, {"source": "none"}, {"phone": "12"}, {"email": "anna"}]
    answers = [await desk.api.call("POST", "/orders", {**ORDER, **each}) for each in wrong]
    assert [answer.status_code for answer in answers] == [422] * 4
    assert [faults(answer.json())[0] for answer in answers[:3]] == [
        ("/source", "no_school"), ("/source", "no_school"), ("/phone", "no_number"),
    ]  # fmt: skip
    assert await desk.api.count("lead") == 0


@pytest.mark.req("S4.8", "P.6")
async def test_an_operator_makes_orders_and_who_is_none_does_not(desk: Desk) -> None:
    refused = await desk.api.call("POST", "/orders", ORDER, role="operator", desks=["demo"])
    await desk.api.hire()
    made = await desk.api.call("POST", "/orders", ORDER, role="operator", desks=["demo"])
    assert (refused.status_code, made.status_code, await desk.api.count("lead")) == (404, 201, 1)
