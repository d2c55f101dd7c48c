"""What intake reads of a request to change something, without a database."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.contracts.shared import IdentityKind, OrderStatus
from services.intake.changes.rules import (
    MAX_COMMENT,
    Asked,
    Code,
    OrderFields,
    PersonChange,
    Problem,
    Refused,
    fenced,
    read_change,
    read_comment,
    read_fields,
    read_status,
)

KNOWN = OrderFields(Decimal("990.00"), "RUB", "https://pay.example/1", None)
VALUES = st.dictionaries(
    st.sampled_from(["status", "amount", "currency", "payment_link", "external_number", "text", "x"]), st.text()
)


@pytest.mark.parametrize(
    ("version", "expected", "refusal"),
    [
        (None, None, Refused(Code.NOT_FOUND)),
        (3, 2, Refused(Code.STALE_VERSION, 3)),
        (3, 3, None),
        (3, None, None),
    ],
)
def test_a_target_must_be_there_and_as_it_was_seen(
    version: int | None, expected: int | None, refusal: Refused | None
) -> None:
    assert fenced(version, expected) == refusal


def test_a_status_is_one_of_ours() -> None:
    assert read_status({"status": "confirmed"}) is OrderStatus.CONFIRMED
    assert read_status({"status": "great"}) == (Problem("status", "unknown_status"),)


def test_fields_that_are_not_named_stay_and_an_empty_text_takes_a_value_away() -> None:
    read = read_fields({"amount": "743.5", "payment_link": ""}, KNOWN)
    assert read == OrderFields(Decimal("743.5"), "RUB", None, None)


def test_every_fault_of_an_order_is_named_at_once() -> None:
    asked = {"amount": "1.999", "currency": "rub", "external_number": "7" * 201, "paid": "1"}
    assert read_fields(asked, KNOWN) == (
        Problem("paid", "unknown_field"),
        Problem("amount", "not_an_amount"),
        Problem("currency", "unknown_currency"),
        Problem("external_number", "too_long"),
    )


@pytest.mark.parametrize("text", ["-1", "NaN", "1e12", "Infinity", "двести"])
def test_what_is_no_sum_of_money_is_refused(text: str) -> None:
    assert read_fields({"amount": text}, KNOWN) == (Problem("amount", "not_an_amount"),)


@pytest.mark.parametrize(
    ("values", "read"),
    [
        ({"text": " ждёт зарплаты "}, "ждёт зарплаты"),
        ({"text": ""}, ""),
        ({}, (Problem("text", "missing"),)),
        ({"text": "x" * (MAX_COMMENT + 1)}, (Problem("text", "too_long"),)),
    ],
)
def test_a_comment_is_a_text_of_some_length(values: dict[str, str], read: object) -> None:
    assert read_comment(values) == read


def test_a_person_s_identities_stand_in_the_order_of_their_locks() -> None:
    asked = Asked("Анна", "+79161234567", "A@b.ru", ((IdentityKind.MAX, "7"),))
    change = read_change(asked, {})
    assert isinstance(change, PersonChange)
    assert change.known_by == (
        (IdentityKind.EMAIL, "a@b.ru"),
        (IdentityKind.MAX, "7"),
        (IdentityKind.PHONE, "+79161234567"),
    )


def test_every_fault_of_a_person_is_named_at_once() -> None:
    assert read_change(Asked(" ", "123", "none"), {"x": "1"}) == (
        Problem("x", "unknown_field"),
        Problem("phone", "false_number"),
        Problem("email", "not_an_address"),
        Problem("name", "blank"),
    )
    assert read_change(None, {}) == (Problem("person", "missing"),)


@given(VALUES, st.builds(Asked, *(st.none() | st.text() for _ in range(3))))
def test_any_request_is_read_or_refused_and_never_raises(values: dict[str, str], asked: Asked) -> None:
    fields, change = read_fields(values, KNOWN), read_change(asked, values)
    assert isinstance(fields, OrderFields | tuple)
    assert isinstance(change, PersonChange | tuple)
    assert isinstance(read_status(values), OrderStatus | tuple)
