"""When a school is asked, and what of its lists is news: decisions alone (S4.1)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.contracts.shared import OrderStatus
from services.intake.formats.rules import ParsedOrder
from services.intake.schools.rules import (
    Check,
    Exported,
    Failed,
    Listed,
    Mirrored,
    Started,
    answered,
    begun,
    is_news,
    known_already,
)

pytestmark = pytest.mark.req("S4.1")
NOW, MINUTE, EVERY = datetime(2026, 3, 2, 9, tzinfo=UTC), timedelta(minutes=1), timedelta(minutes=30)
STATUSES, SUMS = st.sampled_from(OrderStatus), st.none() | st.integers(0, 9).map(Decimal)
ANSWERS = st.sampled_from([Started(1), Exported(()), *(Failed(code) for code in ("909", "905", "903", "http_502"))])
ORDERS = st.builds(ParsedOrder, currency=st.just("RUB"), status=st.none() | STATUSES, amount=SUMS, paid=SUMS,
                   phone=st.none() | st.just("+79161234567"))  # fmt: skip
MIRROR = st.builds(Mirrored, status=STATUSES, amount=SUMS, paid=SUMS, phone=st.none() | st.just("+79161234567"),
                   heard_at=st.just(NOW - MINUTE), said=STATUSES, edited=st.booleans())  # fmt: skip


def ask(check: Check, listed: Listed, now: datetime, *, lacking: bool = False) -> Check:
    """Return the check a question later, as it was kept in between."""
    asking = begun(check, now, lacking=lacking)
    assert asking is not None
    return Check.read(answered(asking, listed, now, EVERY)[0].kept())


@given(st.lists(ANSWERS, max_size=30), st.booleans())
def test_it_is_asked_once_a_minute_at_most_and_always_again(answers: list[Listed], lacking: bool) -> None:
    check, now = Check.first(NOW), NOW
    for listed in answers:
        while begun(check, now, lacking=lacking) is None:
            now += MINUTE
            assert now <= check.next_at + MINUTE
        asked = begun(check, now, lacking=lacking)
        check = ask(check, listed, now, lacking=lacking)
        assert asked is not None
        assert check.next_at > now or isinstance(listed, Exported)
        assert check.checked_at >= asked.checked_at


def test_a_round_is_two_lists_and_the_next_begins_where_it_began() -> None:
    check = ask(Check.first(NOW), Started(7), NOW)
    check = ask(check, Exported(()), NOW + MINUTE)
    check = ask(ask(check, Started(8), NOW + MINUTE), Exported(()), NOW + 2 * MINUTE)
    assert (check.checked_at, check.next_at, check.export_id) == (NOW, NOW + EVERY, None)
    assert begun(check, NOW + EVERY - MINUTE, lacking=False) is None
    assert begun(check, NOW + 11 * MINUTE, lacking=True) is not None
    assert str(check.days(ZoneInfo("Asia/Vladivostok"))[0]) == "2026-03-02"


def test_a_list_that_never_comes_is_begun_anew() -> None:
    check, now = ask(Check.first(NOW), Started(7), NOW), NOW
    while check.export_id is not None:
        now = check.next_at
        check = ask(check, Failed("909"), now)
    assert (timedelta(minutes=20) < now - NOW < timedelta(minutes=45), check.failing_since) == (True, now)


def test_a_list_that_is_too_long_is_asked_for_by_fewer_days_until_all_are_known() -> None:
    check, now, spans = replace(Check.first(NOW), checked_at=NOW - timedelta(days=40)), NOW, []
    while check.checked_at < NOW:
        now = max(now, check.next_at)
        first, last = check.days(ZoneInfo("Europe/Moscow"))
        spans.append((last - first).days)
        known = check.checked_at
        check = ask(check, Started(7), now)
        too_long = spans[-1] > 4
        check = ask(check, Failed("too_long") if too_long else Exported(()), check.next_at)
        assert (check.export_id, check.checked_at >= known) == (None, True)
    assert (max(spans), spans.count(8), len(spans) < 40, check.window) == (8, 1, True, 8)


def test_a_check_that_is_resumed_asks_at_once_from_where_it_was() -> None:
    check = ask(ask(Check.first(NOW), Started(7), NOW), Failed("905"), NOW + MINUTE)
    again = begun(check.resumed(NOW + 2 * MINUTE), NOW + 2 * MINUTE, lacking=False)
    assert again is not None
    assert (again.export_id, again.checked_at, again.failing_since) == (None, check.checked_at, None)


@given(ORDERS, MIRROR)
def test_what_is_taken_from_a_row_is_no_news_the_next_time(order: ParsedOrder, mirrored: Mirrored) -> None:
    old = known_already(order, mirrored)
    after = Mirrored(
        status=mirrored.status if "status" in old or order.status is None else order.status,
        amount=mirrored.amount if "amount" in old else order.amount,
        paid=mirrored.paid if "paid" in old else order.paid,
        phone=mirrored.phone if "phone" in old else order.phone,
        heard_at=mirrored.heard_at, said=mirrored.said, edited=mirrored.edited,
    )  # fmt: skip
    assert not is_news(order, after, NOW)


@given(ORDERS, MIRROR)
def test_what_was_heard_since_the_list_began_is_newer_than_the_list(order: ParsedOrder, mirrored: Mirrored) -> None:
    assert not is_news(order, mirrored, mirrored.heard_at)
