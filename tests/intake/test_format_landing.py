"""Landing pages: the signed envelope, plain JSON, forms."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import orjson
import pytest

from libs.common.contracts.shared import OrderStatus
from services.intake.formats.landing import read
from services.intake.formats.rules import Mapped, ParsedOrder, RawRequest, Reason, Unreadable
from tests.intake.payloads import raw_of

MAPPED = Mapped(ZoneInfo("Europe/Moscow"))
JSON = {"content-type": "application/json"}


def post(body: bytes, content_type: str = "application/json") -> ParsedOrder | Unreadable:
    return read(RawRequest("POST", b"", {"content-type": content_type}, body), MAPPED)


def good(**members: object) -> ParsedOrder:
    order = post(orjson.dumps({"phone": "89161234567", **members}))
    assert isinstance(order, ParsedOrder), order
    return order


def test_the_envelope_is_read_whole() -> None:
    order = read(raw_of("landing/standard_webhook_order"), MAPPED)
    assert isinstance(order, ParsedOrder)
    assert (order.external_id, order.name, order.amount) == ("lp-77-1042", "Анна", Decimal("1990.00"))
    assert (order.items[0].code, order.items[0].price) == ("CR-1", Decimal("1990.00"))
    assert order.marketing == {"flow": "f77", "webmaster": "wm5", "sub1": "a", "utm_source": "vk"}
    assert order.said_at == datetime(2026, 3, 2, 9, 14, tzinfo=UTC)


def test_a_form_is_an_order_of_one_line() -> None:
    order = read(raw_of("landing/plain_form"), MAPPED)
    assert isinstance(order, ParsedOrder)
    assert (order.external_id, order.amount, order.items[0].code) == (None, Decimal("1990.00"), "CR-1")


def test_a_form_in_a_declared_charset_is_read() -> None:
    body = b"phone=89161234567&name=%C0%ED%ED%E0"
    order = post(body, "application/x-www-form-urlencoded; charset=windows-1251")
    assert isinstance(order, ParsedOrder)
    assert order.name == "Анна"


def test_json_without_its_type_is_read() -> None:
    assert isinstance(post(b' {"phone": "89161234567"}', ""), ParsedOrder)


def test_names_are_read_in_any_case() -> None:
    order = post(b"Phone=89161234567&Name=Anna", "application/x-www-form-urlencoded")
    assert isinstance(order, ParsedOrder)
    assert order.name == "Anna"


@pytest.mark.parametrize(("kind", "status"), [("order.created", None), ("order.paid", OrderStatus.PAID)])
def test_the_type_of_the_envelope_may_say_the_status(kind: str, status: OrderStatus | None) -> None:
    order = post(orjson.dumps({"type": kind, "data": {"phone": "89161234567"}}))
    assert isinstance(order, ParsedOrder)
    assert order.status is status


def test_the_sum_of_the_lines_stands_in_for_a_missing_total() -> None:
    lines = [{"title": "a", "price": "10.50", "quantity": 2}, {"title": "b", "price": 5}]
    assert good(items=lines).amount == Decimal("26.00")


def test_a_total_of_nothing_is_a_total() -> None:
    assert good(items=[{"title": "a", "price": "10"}], total="0").amount == Decimal("0.00")


def test_what_looks_like_a_person_is_no_mark() -> None:
    marks = {
        "utm_source": "vk",
        "utm_term": "8 (916) 123-45-67",
        "sub1": "a@b.ru",
        "Sub_ID2": "x",
        "click_id": "17283940561",
    }
    order = good(subject="hello", subscriber_email="a@b.ru", utm_person="Anna", marketing={**marks, "name": "Anna"})
    assert order.marketing == {"utm_source": "vk", "sub_id2": "x", "click_id": "17283940561"}
    assert [(n.field, n.code) for n in order.notes] == [
        ("marketing.utm_term", "personal_data"), ("marketing.sub1", "personal_data"),
    ]  # fmt: skip


def test_a_quantity_of_lists_in_lists_is_noted() -> None:
    deep = b"[" * 900 + b"]" * 900
    order = post(b'{"phone": "89161234567", "items": [{"title": "a", "quantity": ' + deep + b"}]}")
    assert isinstance(order, ParsedOrder)
    assert order.notes[0].code == "not_a_quantity"


def test_an_amount_that_cannot_be_read_is_noted_and_loses_no_lead() -> None:
    order = good(total="договорная")
    assert (order.amount, [(n.field, n.code) for n in order.notes]) == (None, [("amount", "not_an_amount")])


def test_a_quantity_that_cannot_be_read_is_one_and_noted() -> None:
    order = good(items=[{"title": "a", "quantity": "many"}])
    assert (order.items[0].quantity, order.notes[0].code) == (1, "not_a_quantity")


def test_too_many_lines_are_cut_and_noted() -> None:
    order = good(items=[{"title": str(n)} for n in range(150)])
    assert (len(order.items), order.notes[0].code) == (100, "cut")


@pytest.mark.parametrize(("body", "content_type", "reason"), [
    (b"{", "application/json", Reason.BAD_JSON),
    (b'{"phone": "1", "total": NaN}', "application/json", Reason.BAD_JSON),
    (b"[1]", "application/json", Reason.NOT_AN_OBJECT),
    (b'"phone"', "application/json", Reason.NOT_AN_OBJECT),
    (b"[" * 5000, "application/json", Reason.BAD_JSON),
    (b'{"name": "Anna"}', "application/json", Reason.NO_CONTACT),
    (b'{"type": "ping", "data": {}}', "application/json", Reason.NOT_AN_ORDER),
    (b'{"phone": "1", "status": "odd"}', "application/json", Reason.UNKNOWN_STATUS),
    (b"<order/>", "application/xml", Reason.UNSUPPORTED_TYPE),
    (b"phone=1", "text/plain; charset=utf-7", Reason.BAD_CHARSET),
    (b"a=1&" * 500, "application/x-www-form-urlencoded", Reason.BAD_FORM),
    (b"a=1\r\n" * 500, "text/plain", Reason.BAD_FORM),
    (b"", "application/json", Reason.NO_CONTACT),
])  # fmt: skip
def test_what_is_no_order_says_why(body: bytes, content_type: str, reason: Reason) -> None:
    answer = post(body, content_type)
    assert isinstance(answer, Unreadable)
    assert answer.reason is reason
