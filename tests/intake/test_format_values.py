"""Single values as people write them, and parsers that never raise."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.contracts.shared import Signal
from libs.common.domain.phone import read_phone
from services.intake.deliveries.rules import signals_of
from services.intake.formats.amounts import read_amount
from services.intake.formats.common import currency, names, reader
from services.intake.formats.identifiers import identifier_of
from services.intake.formats.moments import read_moment
from services.intake.formats.rules import Mapped, ParsedOrder, RawRequest, Unreadable
from services.intake.formats.values import read_email, read_quantity
from tests.intake.payloads import READERS, Reader

MOSCOW = ZoneInfo("Europe/Moscow")
MAPPED = Mapped(MOSCOW)


@pytest.mark.parametrize(("text", "amount"), [
    ("12 000 руб.", "12000.00"), ("12000", "12000.00"), ("12 000,50", "12000.50"), ("12 000.5 ₽", "12000.50"),
    ("1,234,567.89", "1234567.89"), ("1.234.567,89", "1234567.89"), ("$100", "100.00"), ("0", "0.00"),
    ("12\u00a0000\u00a0₽", "12000.00"), ("9,999", "9999.00"), ("1.990 руб.", "1990.00"), ("0.005", "0.01"),
    ("12000,500", "12000.50"), ("1.5", "1.50"), ("999999999999.99", "999999999999.99"),
])  # fmt: skip
def test_an_amount_is_read_as_people_write_it(text: str, amount: str) -> None:
    assert read_amount(text) == Decimal(amount)


@pytest.mark.parametrize(
    "text", ["", "free", "-5", "-0.001", "1e9999", "9" * 30, "9" * 59, "999999999999.999", ".", ",,"]
)
def test_what_is_no_amount_is_none(text: str) -> None:
    assert read_amount(text) is None


def test_a_number_of_json_has_no_thousands_in_it() -> None:
    fields = reader({"total": 1.005}, names(amount="total"), MAPPED)
    assert fields.money("amount") == Decimal("1.01")


@pytest.mark.parametrize(("text", "code"), [
    ("12 000 руб.", "RUB"), ("100 ₸", "KZT"), ("$5", "USD"), ("5 EUR", "EUR"), ("5", "XXX"),
])  # fmt: skip
def test_the_sign_of_an_amount_names_its_currency(text: str, code: str) -> None:
    fields = reader({"total": text}, names(amount="total"), MAPPED)
    assert currency(fields, "XXX") == code


@pytest.mark.parametrize(("text", "moment"), [
    ("2026-03-02 12:14:00", datetime(2026, 3, 2, 9, 14, tzinfo=UTC)),
    ("2026-03-02T12:14:00+05:00", datetime(2026, 3, 2, 7, 14, tzinfo=UTC)),
    ("0001-01-01", None), ("9999-12-31T23:59:59-23:59", None), ("yesterday", None),
])  # fmt: skip
def test_a_time_is_in_the_zone_unless_it_says_otherwise(text: str, moment: datetime | None) -> None:
    assert read_moment(text, MOSCOW) == moment


@pytest.mark.parametrize(("value", "count"), [(2, 2), ("3", 3), (2.0, 2), (0, None), (1.5, None), ("x", None)])
def test_a_quantity_is_a_whole_count(value: float | str, count: int | None) -> None:
    assert read_quantity(value) == count


@pytest.mark.parametrize(("text", "address"), [
    ("Anna@Example.com", "anna@example.com"), ("a@b", None), ("@b.ru", None), ("a b@c.ru", None), (None, None),
])  # fmt: skip
def test_an_address_is_kept_in_lower_case(text: str | None, address: str | None) -> None:
    assert read_email(text) == address


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
keys = st.sampled_from(
    ["phone", "email", "status", "items", "total", "data", "type", "customer", "deal_id", "marketing", "created_at"]
)
types = st.sampled_from(
    [
        "application/json",
        "application/x-www-form-urlencoded; charset=cp1251",
        "",
        "x/y",
        ";;=",
        "multipart/form-data; boundary=x",
    ]
)


@given(st.sampled_from(READERS), st.binary(max_size=300), st.binary(max_size=100), types)
def test_a_format_never_raises_for_any_bytes(read: Reader, body: bytes, query: bytes, media: str) -> None:
    raw = RawRequest("POST", query, {"content-type": media}, body)
    assert isinstance(read(raw, MAPPED), ParsedOrder | Unreadable)


@given(st.sampled_from(READERS), st.dictionaries(keys | st.text(max_size=5), json_values, max_size=6))
def test_a_format_never_raises_for_any_json(read: Reader, payload: dict[str, object]) -> None:
    body = orjson.dumps({"phone": "89161234567", "deal_id": 1, **payload}, option=orjson.OPT_NON_STR_KEYS)
    raw = RawRequest("POST", b"", {"content-type": "application/json"}, body)
    answer = read(raw, MAPPED)
    assert isinstance(answer, Unreadable) or (answer.phone or answer.email)


@given(st.text(max_size=40) | st.from_regex(r"\+?[0-9() -]{0,16}", fullmatch=True))
def test_a_number_is_a_test_one_a_false_one_or_one_that_can_be_called(raw: str) -> None:
    phone = read_phone(raw)
    digits = phone.e164[1:] if phone.e164 else "".join(c for c in phone.raw if c.isdigit())
    match signals_of(phone, ("972",)):
        case ():
            assert phone.valid
        case (signal,):
            assert (signal is Signal.TEST_NUMBER) == digits.startswith("972")


@given(st.text(min_size=201, max_size=400), st.text(min_size=201, max_size=400))
def test_long_identifiers_stay_apart_and_fit(one: str, other: str) -> None:
    assert len(identifier_of(one)) == 200
    assert (identifier_of(one) == identifier_of(other)) == (one == other)


@given(st.text(max_size=60) | st.from_regex(r"[0-9 .:/T+-]{0,40}", fullmatch=True))
def test_any_text_is_a_time_of_our_years_or_none(text: str) -> None:
    moment = read_moment(text, MOSCOW)
    assert moment is None or 2000 <= moment.year <= 2200


@given(st.text(max_size=60) | st.from_regex(r"[0-9 .,'рубтыск$€-]{0,20}", fullmatch=True))
def test_any_text_is_an_amount_of_cents_or_none(text: str) -> None:
    amount = read_amount(text)
    assert amount is None or (0 <= amount < 10**12 and amount == round(amount, 2))


SPELLINGS = st.sampled_from([
    "%d.%m.%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S", "%d-%m-%Y, %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%d %b %Y %H:%M:%S",
    "%b %d, %Y %I:%M:%S %p", "%a %b %d %H:%M:%S %Y", "%Y%m%d%H%M%S", "%a, %d %b %Y %H:%M:%S +0000",
])  # fmt: skip


@given(st.integers(980_000_000, 7_200_000_000), SPELLINGS)
def test_a_time_is_the_same_in_any_spelling(seconds: int, spelling: str) -> None:
    at = datetime.fromtimestamp(seconds, UTC)
    assert [read_moment(text, ZoneInfo("UTC")) for text in (at.strftime(spelling), str(seconds))] == [at, at]
