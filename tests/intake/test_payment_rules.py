"""The rules of payments, refunds and working days, without a database (S4.9, S4.10, S4.14)."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.contracts.shared import OrderStatus, PaymentKind, PaymentStatus, RefundState
from services.intake.desks.rules import WorkDays, workday_after
from services.intake.formats.rules import BEFORE_PAID
from services.intake.payments.rules import CLOSED, Balance, Paid, Standing, balance_of, news_of, standing_after
from services.intake.refunds.rules import NEXT, end_of, follows

SUMS = st.integers(1, 3000).map(Decimal)
PAYMENTS = st.lists(
    st.builds(Paid, st.sampled_from(PaymentKind), st.sampled_from(PaymentStatus), SUMS, st.booleans()), max_size=5
)
STATUSES = st.sampled_from(OrderStatus)
COST = Decimal(1000)


def balance(manual: int, automatic: int = 0) -> Balance:
    return Balance(COST, Decimal(manual), Decimal(automatic))


@pytest.mark.req("S4.10")
@given(PAYMENTS, st.none() | SUMS)
def test_what_is_received_is_the_sum_of_what_stands(payments: Sequence[Paid], cost: Decimal | None) -> None:
    found = balance_of(cost, payments)
    assert found.received == sum((each.amount for each in payments if each.stands), Decimal(0))
    assert not found.doubled or (found.manual > 0 and found.automatic > 0)
    assert not found.fully_paid or (found.lacks == 0)


@pytest.mark.req("S4.10")
@given(st.lists(st.integers(0, 3000).map(Decimal), max_size=6))
def test_however_often_a_source_says_its_sum_the_payments_are_the_most_that_it_said(said: list[Decimal]) -> None:
    booked: list[Paid] = []
    for sum_ in said:
        if (news := news_of(sum_, booked)) > 0:
            booked.append(Paid(PaymentKind.AUTOMATIC, PaymentStatus.RECEIVED, news))
    assert sum((each.amount for each in booked), Decimal(0)) == max(said, default=Decimal(0))


@pytest.mark.req("S4.9", "S4.10")
@pytest.mark.parametrize(("reported", "news"), [(True, 0), (False, 1000)])
def test_what_is_deleted_here_and_stands_at_the_source_is_no_news_of_it(reported: bool, news: int) -> None:
    deleted = Paid(PaymentKind.MANUAL, PaymentStatus.DELETED, COST, reported)
    assert news_of(COST, [deleted]) == news


@pytest.mark.req("S4.9")
@given(STATUSES, st.integers(1, 2000))
def test_a_manual_payment_that_goes_gives_the_order_back_its_status(status: OrderStatus, sum_: int) -> None:
    paid = standing_after(Standing(status, None), balance(sum_))
    assert standing_after(paid, balance(0)) == Standing(status, None)


@pytest.mark.req("S4.9", "S4.1")
@given(STATUSES, st.none() | STATUSES, st.integers(0, 2000))
def test_without_a_manual_payment_the_status_is_the_source_s_affair(
    status: OrderStatus, unpaid: OrderStatus | None, automatic: int
) -> None:
    found = standing_after(Standing(status, None), balance(0, automatic))
    assert found == Standing(status, None)


@pytest.mark.req("S4.9")
@pytest.mark.parametrize("status", sorted(BEFORE_PAID | CLOSED))
def test_a_full_payment_completes_what_waits_for_it_and_what_is_closed(status: OrderStatus) -> None:
    assert standing_after(Standing(status, None), balance(1000)) == Standing(OrderStatus.PAID, status)


@pytest.mark.req("S4.9")
def test_manual_and_automatic_payments_complete_an_order_together() -> None:
    in_work = Standing(OrderStatus.IN_WORK, None)
    part = standing_after(in_work, balance(400))
    assert (part.status, standing_after(part, balance(400, 600)).status) == (
        OrderStatus.PART_PAID,
        OrderStatus.PAID,
    )
    assert not balance(400, 600).doubled


@pytest.mark.req("S4.14")
def test_every_refund_is_first_kept_or_its_details_are_wanted_and_it_ends() -> None:
    assert RefundState.CONFIRMED not in NEXT[RefundState.ASKED] | NEXT[RefundState.DETAILS_WANTED]
    ends = {state for state in RefundState if not NEXT[state]}
    assert ends == {RefundState.KEPT, RefundState.REFUSED, RefundState.PAID}
    assert not any(follows(end, state) for end in ends for state in RefundState)


@pytest.mark.req("S4.14")
@pytest.mark.parametrize(
    ("payout", "shown"),
    [("4276 3800 1234 5678", "5678"), ("40817810099910004312", "4312"), ("1234567", ""), ("", "")],
)
def test_of_payout_details_the_end_is_shown_and_of_short_ones_nothing(payout: str, shown: str) -> None:
    assert end_of(payout) == shown


@pytest.mark.req("S4.14")
@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(1, 30), st.sets(st.integers(1, 7), min_size=1))
def test_between_two_days_lie_as_many_working_days(day: date, count: int, weekdays: set[int]) -> None:
    work = WorkDays(weekdays)
    found = workday_after(day, count, work)
    passed = [date.fromordinal(number) for number in range(day.toordinal() + 1, found.toordinal() + 1)]
    assert sum(map(work.has, passed)) == count
    assert work.has(found)
