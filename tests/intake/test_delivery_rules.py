"""What a number says about its lead, and how the text of a delivery is made fit to keep, without a database."""

import pytest

from libs.common.contracts.shared import Signal
from libs.common.domain.phone import Phone
from services.intake.deliveries.rules import Customer, Pace, is_another, is_false, signals_of
from services.intake.formats.rules import cleaned

FALSE, TEST = (Signal.FALSE_NUMBER,), (Signal.TEST_NUMBER,)


def phone(e164: str | None, *, raw: str = "", valid: bool = True) -> Phone:
    return Phone(raw or e164 or "", e164, valid)


@pytest.mark.parametrize("e164", ["+79999999999", "+99999999999", "+77999999999", "+12399999999"])
def test_one_digit_over_and_over_behind_any_country_code_is_false(e164: str) -> None:
    assert is_false(phone(e164))


@pytest.mark.parametrize("e164", ["+79161234567", "+12349999999", "+79999999998"])
def test_a_number_of_a_valid_range_is_not_false(e164: str) -> None:
    assert not is_false(phone(e164))


@pytest.mark.parametrize("number", [phone("+79161234567", valid=False), phone(None)])
def test_what_cannot_be_read_is_false(number: Phone) -> None:
    assert is_false(number)


@pytest.mark.parametrize(
    ("number", "signals"),
    [
        (None, ()),
        (phone("+79161234567"), ()),
        (phone("+79999999999"), FALSE),
        (phone("+70001234567"), TEST),
        (phone("+70001234567", raw="8 000 123-45-67"), TEST),
        (phone(None, raw="7 (000) 1"), TEST),
        (phone(None, raw="8 916"), FALSE),
    ],
)
def test_a_number_is_a_test_one_a_false_one_or_neither(number: Phone | None, signals: tuple[Signal, ...]) -> None:
    assert signals_of(number, ("7000",)) == signals


@pytest.mark.parametrize(
    ("one", "other", "another"),
    [
        (("Анна", "+79161234567", "8 916 123-45-67"), ("Борис", None, "89161234567"), False),
        (("Анна", "+79161234567", "1"), ("Борис", "+79161234568", "1"), True),
        (("Анна", "+79161234567", "1"), ("Анна", "+79161234568", "2"), False),
        (("Анна", "+79161234567", "1"), ("Анна Иванова", "+79161234568", "2"), False),
        (("Анна Иванова", "+79161234567", "1"), ("анна", "+79161234568", "2"), False),
    ],
)
def test_another_is_who_has_neither_name_nor_number_in_common(
    one: tuple[str, str | None, str], other: tuple[str, str | None, str], another: bool
) -> None:
    assert is_another(Customer(*one, email=None), Customer(*other, email=None)) is another


def test_a_burst_passes_and_the_next_one_waits_its_share_of_a_second() -> None:
    pace = Pace(rate=4, burst=3)
    assert [pace.take(10.0) for _ in range(3)] == [0, 0, 0]
    assert pace.take(10.0) == pytest.approx(0.25)


def test_a_pace_forgets_what_was_long_ago() -> None:
    pace = Pace(rate=4, burst=1)
    assert [pace.take(moment) for moment in (0.0, 60.0, 120.0)] == [0, 0, 0]


@pytest.mark.parametrize(
    ("text", "kept"), [("a\x00b", "a\ufffdb"), ("имя", "имя"), ("a\ud800b", "a\ufffdb"), ("plain", "plain")]
)
def test_text_is_kept_but_for_what_the_database_cannot_hold(text: str, kept: str) -> None:
    assert cleaned(text) == kept
