"""The school's payments, refunds, access and held prices, as its playbooks say them (S4.9-S4.20)."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
import pytest_asyncio

from libs.common.contracts import tasks
from libs.common.contracts.intake import ChangeRefused
from libs.common.contracts.shared import (
    AccessAction,
    AccessStatus,
    ChangeTarget,
    ContactKind,
    Direction,
    OrderStatus,
    PaymentKind,
    PaymentStatus,
    RefundState,
)
from tests.tasks.client import Api
from tests.tasks.dealing import REFUND, Sale
from tests.tasks.desk import Desk, contact, operator

VERA_ID = UUID(int=5)
CARD = {"fields": {"payment_type": "bank_card"}}
MANUAL, AUTOMATIC = PaymentKind.MANUAL, PaymentKind.AUTOMATIC


@pytest_asyncio.fixture
async def sale(desk: Desk, api: Api) -> Sale:
    await desk.activate_playbook(REFUND)
    await desk.receive(operator(VERA_ID, "vera", pools=("payments",)))
    made = Sale(desk, api)
    await made.begin()
    return made


async def writes(sale: Sale) -> None:
    message = contact(
        kind=ContactKind.MESSAGE, lead_id=sale.lead.lead_id, customer_id=sale.lead.customer_id,
        at=sale.desk.clock.now(), direction=Direction.IN,
    )  # fmt: skip
    await sale.desk.receive(message)


@pytest.mark.req("S4.9")
async def test_a_receipt_is_checked_by_whoever_is_responsible_for_payments(sale: Sale) -> None:
    await sale.end("process_order", "receipt")
    check = (await sale.open())["check_receipt"]
    await sale.end("check_receipt", "received", "vera", **CARD)
    assert (check["pool"], await sale.asked(ChangeTarget.PAYMENT)) == (
        "payments",
        [{"step": "record", "type": "bank_card"}],
    )
    await sale.paid(MANUAL)
    assert (set(await sale.open()), "paid" in await sale.messages()) == ({"check_payment"}, True)


@pytest.mark.req("S4.9")
async def test_a_part_of_the_price_is_entered_as_such_and_followed_up(sale: Sale) -> None:
    await sale.end("process_order", "receipt")
    part = {"fields": {"payment_type": "transfer", "payment_amount": "990.00"}}
    await sale.end("check_receipt", "received", "vera", **part)
    assert await sale.asked(ChangeTarget.PAYMENT) == [{"step": "record", "type": "transfer", "amount": "990.00"}]
    assert set(await sale.open()) == {"follow_up"}


@pytest.mark.req("S4.9")
async def test_money_that_has_not_come_is_asked_for_again(sale: Sale) -> None:
    await sale.end("process_order", "receipt")
    await sale.end("check_receipt", "not_received", "vera")
    assert (set(await sale.open()), (await sale.messages())[-1]) == ({"follow_up"}, "payment_not_found")


@pytest.mark.req("S4.10")
async def test_a_payment_by_hand_is_checked_a_day_later(sale: Sale) -> None:
    await sale.paid(MANUAL)
    check = (await sale.open())["check_payment"]
    await sale.end("check_payment", "single", "vera")
    assert datetime.fromisoformat(check["offer_from"]) - sale.desk.clock.now() == timedelta(0)
    assert (await sale.open(), await sale.asked(ChangeTarget.PAYMENT)) == ({}, [])


@pytest.mark.req("S4.10", "S4.18")
async def test_of_two_payments_the_manual_one_is_deleted_and_the_customer_is_told_once(sale: Sale) -> None:
    await sale.paid(MANUAL)
    await sale.desk.pass_time(timedelta(hours=3))
    await sale.paid(AUTOMATIC, doubled=True)
    check = (await sale.open())["check_payment"]
    await sale.end("check_payment", "deleted", "vera")
    await sale.paid(MANUAL, PaymentStatus.DELETED)
    assert datetime.fromisoformat(check["offer_from"]) <= sale.desk.clock.now()  # it is looked at at once
    assert await sale.asked(ChangeTarget.PAYMENT) == [{"step": "delete"}]
    assert (await sale.open(), (await sale.messages()).count("paid")) == ({}, 1)


@pytest.mark.req("S4.18")
async def test_a_payment_closes_what_is_open_and_sends_the_instructions_once(sale: Sale) -> None:
    await sale.end("process_order", "link_sent")
    for _ in range(2):
        await sale.paid(AUTOMATIC)
    await sale.desk.pass_time(timedelta(days=2))
    assert (await sale.open(), (await sale.messages()).count("paid")) == ({}, 1)
    assert "payment_reminder" not in await sale.messages()


@pytest.mark.req("S4.17")
async def test_a_held_price_makes_a_follow_up_at_that_time(sale: Sale) -> None:
    until = sale.desk.clock.now() + timedelta(hours=9)
    await sale.end("process_order", "price_held", fields={"hold_until": until.isoformat()})
    await sale.ordered(OrderStatus.IN_WORK, until)
    follow_up = (await sale.open())["held_follow_up"]
    held = (await sale.asked(ChangeTarget.ORDER_FIELDS))[0]["held_until"]
    assert (datetime.fromisoformat(follow_up["offer_from"]), datetime.fromisoformat(held)) == (until, until)
    await sale.paid(AUTOMATIC)
    assert await sale.open() == {}


@pytest.mark.req("S4.17")
async def test_a_price_held_at_the_order_s_card_moves_the_follow_up(sale: Sale) -> None:
    first, later = (sale.desk.clock.now() + timedelta(hours=hours) for hours in (9, 30))
    for until in (first, later):
        await sale.ordered(OrderStatus.IN_WORK, until)
    follow_up = (await sale.open())["held_follow_up"]
    assert datetime.fromisoformat(follow_up["offer_from"]) == later


@pytest.mark.req("S4.17")
async def test_a_price_that_cannot_be_held_so_long_is_told_at_once(sale: Sale) -> None:
    until = sale.desk.clock.now() + timedelta(days=9)
    await sale.end("process_order", "price_held", fields={"hold_until": until.isoformat()})
    [request] = [one for one in await sale.desk.sent(tasks.ChangeRequested) if "held_until" in one.values]
    await sale.desk.receive(
        ChangeRefused(
            request_id=request.request_id, target=request.target, target_id=request.target_id,
            lead_id=sale.lead.lead_id, code="invalid_values", current_version=1,
        )
    )  # fmt: skip
    told = (await sale.open())["held_follow_up"]
    assert datetime.fromisoformat(told["due_at"]) - sale.desk.clock.now() == timedelta(minutes=15)


@pytest.mark.req("S4.20")
async def test_a_password_is_reset_by_a_person_and_said_to_be_done(sale: Sale) -> None:
    await sale.paid(AUTOMATIC)
    await writes(sale)
    await sale.end("answer", "access_asked")
    await sale.access(AccessAction.RESET, AccessStatus.REQUESTED)
    await sale.end("reset_access", "sent")
    assert await sale.asked(ChangeTarget.ACCESS) == [
        {"action": "reset", "status": "requested"},
        {"action": "reset", "status": "done"},
    ]
    assert await sale.open() == {}


@pytest.mark.req("S4.14")
async def test_a_customer_is_kept_before_anything_is_paid_back(sale: Sale) -> None:
    await sale.paid(AUTOMATIC)
    await writes(sale)
    await sale.end("answer", "refund_asked")
    await sale.end("keep", "kept", fields={"kept_by": "gift"})
    assert await sale.asked(ChangeTarget.REFUND) == [{"step": "asked"}, {"step": "kept", "kept_by": "gift"}]
    assert await sale.open() == {}


@pytest.mark.req("S4.14")
async def test_a_refund_goes_from_its_details_to_closed_access_and_paid_money(sale: Sale) -> None:
    await sale.paid(AUTOMATIC)
    await sale.refunds(RefundState.ASKED)  # at the order's card
    await sale.end("keep", "unavoidable")
    await sale.refunds(RefundState.DETAILS_WANTED)
    await sale.refunds(RefundState.DETAILS_GIVEN, date(2026, 3, 20))
    await sale.end("confirm", "confirmed", "vera")
    await sale.refunds(RefundState.CONFIRMED, date(2026, 3, 20))
    await sale.access(AccessAction.CLOSE, AccessStatus.REQUESTED)
    due = (await sale.open())["pay_back"]["due_at"]
    await sale.end("close_access", "closed")
    await sale.end("pay_back", "paid", "vera")
    notice = [one for one in await sale.desk.sent(tasks.MessageRequested) if one.purpose == "refund_notice"]
    assert datetime.fromisoformat(due) == datetime(2026, 3, 20, 15, 0, tzinfo=UTC)  # 18:00 in Moscow
    assert await sale.asked(ChangeTarget.REFUND) == [
        {"step": step} for step in ("details_wanted", "confirmed", "paid")
    ]
    assert (len(notice), await sale.asked(ChangeTarget.ORDER_STATUS)) == (1, [{"status": "refunded"}])
    assert (await sale.asked(ChangeTarget.ACCESS), await sale.open()) == (
        [{"action": "close", "status": "done"}],
        {},
    )


@pytest.mark.req("S4.14")
async def test_steps_at_the_refund_s_card_move_its_tasks(sale: Sale) -> None:
    await sale.refunds(RefundState.ASKED)
    seen = [set(await sale.open())]
    for state in (RefundState.DETAILS_WANTED, RefundState.DETAILS_GIVEN, RefundState.CONFIRMED, RefundState.PAID):
        await sale.refunds(state, date(2026, 3, 20))
        seen.append(set(await sale.open()) - {"process_order"})
    assert [kinds - {"process_order"} for kinds in seen] == [
        {"keep"}, {"take_details"}, {"confirm"}, {"pay_back"}, set(),
    ]  # fmt: skip
