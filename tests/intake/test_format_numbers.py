"""Numbers of JSON are read digit by digit, of any length and at any place."""

from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.formats.rules import Mapped, ParsedOrder, RawRequest, Reason, Unreadable
from tests.intake.payloads import LANDING, READERS, Reader

MAPPED = Mapped(ZoneInfo("Europe/Moscow"), paths={"external_number": (("deal", "numbers", "outer"),)})
JSON = {"content-type": "application/json"}


def post(members: str, read: Reader = LANDING) -> ParsedOrder | Unreadable:
    body = f'{{"email": "a@b.ru", {members}}}'.encode()
    return read(RawRequest("POST", b"", JSON, body), MAPPED)


def good(members: str, read: Reader = LANDING) -> ParsedOrder:
    order = post(members, read)
    assert isinstance(order, ParsedOrder), order
    return order


def identity(number: str) -> str | None:
    return good(f'"order_id": {number}').external_id


@given(st.sampled_from(READERS), st.integers(1, 10**190) | st.integers(10**14, 10**22))
def test_every_digit_of_an_identifier_is_kept(read: Reader, number: int) -> None:
    order = good(f'"order_id": {number}, "deal": {{"numbers": {{"outer": {number + 1}}}}}', read)
    assert (order.external_id, order.external_number) == (str(number), str(number + 1))


@given(st.integers(1, 10**30), st.integers(1, 10**30), st.sampled_from(["{}", "{}.0", "{}e0", "{}E+2", "{}00e-2"]))
def test_two_numbers_are_one_identifier_only_when_they_are_equal(one: int, other: int, spelling: str) -> None:
    ids = identity(spelling.format(one)), identity(spelling.format(other))
    assert (ids[0] == ids[1]) == (one == other)


@pytest.mark.parametrize(("number", "text"), [
    ("1e3", "1000"), ("1000.0", "1000"), ("10.5E2", "1050"), ("-7", "-7"),
    ("2.0261128135200123111e19", "20261128135200123111"),
    ("1.10", "1.10"), ("1.1", "1.1"), ("18446744073709551616", "18446744073709551616"), ("1e21", "1" + "0" * 21),
    ("0.00000001", "0.00000001"), ("1e999999999", "1E+999999999"),
    ("1e99999999999999999999", "1e99999999999999999999"),
])  # fmt: skip
def test_a_whole_number_is_written_out_and_any_other_as_it_came(number: str, text: str) -> None:
    assert identity(number) == text


@pytest.mark.parametrize("tail", ["1", "2", "1.5", "1e5"])
@pytest.mark.timeout(10)
def test_a_number_of_a_million_digits_is_an_identifier_of_its_own(tail: str) -> None:
    ids = {identity("7" * 1_000_000 + end) for end in (tail, "3")}
    assert [len(each or "") for each in ids] == [200, 200]


@pytest.mark.timeout(10)
def test_many_huge_numbers_are_read_at_once() -> None:
    lines = ", ".join('{"sku": 1e1000000, "price": 1e999999, "quantity": 1e999999999}' for _ in range(100))
    order = good(f'"items": [{lines}], "total": {"9" * 500_000}, "phone": 1e1000000')
    assert {item.price for item in order.items} == {None}


@pytest.mark.parametrize("number", ["79161234567", "79161234567.0", "7.9161234567e10", "7.9161234567E+10"])
def test_a_phone_that_is_a_number_keeps_its_digits(number: str) -> None:
    assert good(f'"phone": {number}').phone == "79161234567"


@pytest.mark.parametrize(("number", "amount"), [
    ("999999999999.99", "999999999999.99"), ("0.285", "0.29"), ("1.005", "1.01"), ("1.99e3", "1990.00"),
    ("12345.670000000000000001", "12345.67"), ("0e5", "0.00"),
])  # fmt: skip
def test_an_amount_that_is_a_number_is_exact(number: str, amount: str) -> None:
    assert good(f'"total": {number}').amount == Decimal(amount)


@pytest.mark.parametrize(("number", "count"), [("2", 2), ("2.0", 2), ("1e1", 10)])
def test_a_quantity_may_be_spelled_as_any_number(number: str, count: int) -> None:
    assert good(f'"items": [{{"title": "a", "quantity": {number}}}]').items[0].quantity == count


def test_a_mark_that_is_a_number_keeps_its_digits() -> None:
    assert good('"click_id": 20261128135200123111').marketing == {"click_id": "20261128135200123111"}


@pytest.mark.parametrize(
    "number", ["01", "+1", "1.", ".5", "0x1F", "NaN", "-Infinity", "Infinity", "1e", "--1", "1_0"]
)
def test_what_is_no_number_of_json_is_no_json(number: str) -> None:
    answer = post(f'"order_id": {number}')
    assert isinstance(answer, Unreadable)
    assert answer.reason is Reason.BAD_JSON


@pytest.mark.parametrize("text", ['"a\tb"', '"a'])
def test_text_that_no_standard_json_may_hold_is_no_json(text: str) -> None:
    answer = post(f'"note": {text}')
    assert isinstance(answer, Unreadable)
    assert answer.reason is Reason.BAD_JSON


def test_a_pair_of_surrogates_is_a_character() -> None:
    assert good(r'"name": "\ud83d\ude00"').name == "😀"
