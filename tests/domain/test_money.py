"""Money is exact, rounded by the currency's own step, and the same text on every wire."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from libs.common.domain.money import Money, rounded

AMOUNTS = st.decimals(min_value=0, max_value=10**9, places=4, allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        (Decimal(990) * Decimal("0.75"), "RUB", "743"),
        (Decimal("742.50"), "RUB", "743"),
        (Decimal("742.49"), "RUB", "742"),
        (Decimal("0.5"), "KZT", "1"),
        (Decimal("9.995"), "BYN", "10.00"),
        (Decimal("9.994"), "EUR", "9.99"),
        (Decimal("9.995"), "XAF", "10.00"),
    ],
)
def test_rounds_half_up_to_the_step_of_the_currency(amount: Decimal, currency: str, expected: str) -> None:
    assert rounded(amount, currency) == Decimal(expected)


@given(AMOUNTS, st.sampled_from(["RUB", "BYN", "USD"]))
def test_rounding_moves_at_most_half_a_step_and_only_once(amount: Decimal, currency: str) -> None:
    once = rounded(amount, currency)
    assert abs(once - amount) <= Decimal("0.5")
    assert rounded(once, currency) == once


@pytest.mark.parametrize("value", ["743", "743.0", "743.00", 743, Decimal("743.00")])
def test_wire_form_is_text_with_two_places(value: str | int | Decimal) -> None:
    money = Money.model_validate({"amount": value, "currency": "RUB"})
    assert money.model_dump_json() == '{"amount":"743.00","currency":"RUB"}'


@pytest.mark.parametrize(
    "value",
    [
        {"amount": "1.005", "currency": "RUB"},
        {"amount": "NaN", "currency": "RUB"},
        {"amount": "Infinity", "currency": "RUB"},
        {"amount": "1" * 15, "currency": "RUB"},
        {"amount": "1", "currency": "rub"},
        {"amount": "1", "currency": "RUBLE"},
    ],
)
def test_what_is_no_money_is_refused(value: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Money.model_validate(value)


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=2, allow_nan=False, allow_infinity=False))
def test_an_amount_survives_the_wire_exactly(amount: Decimal) -> None:
    money = Money(amount=amount, currency="USD")
    assert Money.model_validate_json(money.model_dump_json()).amount == amount
