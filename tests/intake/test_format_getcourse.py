"""GetCourse's call URL as schools set it up."""

from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import quote_plus
from zoneinfo import ZoneInfo

import orjson
import pytest

from libs.common.contracts.shared import OrderStatus
from services.intake.formats.getcourse import read
from services.intake.formats.rules import Mapped, ParsedOrder, RawRequest, Reason, Unreadable
from tests.intake.payloads import raw_of

MOSCOW = Mapped(ZoneInfo("Europe/Moscow"))


def get(query: str, mapped: Mapped = MOSCOW) -> ParsedOrder | Unreadable:
    return read(RawRequest("GET", query.encode(), {}, b""), mapped)


def good(query: str, mapped: Mapped = MOSCOW) -> ParsedOrder:
    order = get(query, mapped)
    assert isinstance(order, ParsedOrder), order
    return order


def test_a_filled_get_is_read_whole() -> None:
    order = read(raw_of("getcourse/callurl_get"), MOSCOW)
    assert isinstance(order, ParsedOrder)
    assert (order.external_id, order.external_number, order.status) == ("700100", "1042", OrderStatus.NEW)
    assert (order.name, order.phone, order.email) == ("Анна Иванова", "+7 (900) 000-00-01", "anna@example.com")
    assert (order.amount, order.currency, order.marketing) == (Decimal("12000.00"), "RUB", {"utm_source": "vk"})
    assert (order.items[0].title, order.notes) == ("Курс «Старт»", ())


def test_unfilled_placeholders_and_empty_values_are_absent() -> None:
    order = read(raw_of("getcourse/callurl_get_unfilled"), MOSCOW)
    assert isinstance(order, ParsedOrder)
    assert (order.phone, order.marketing, order.amount) == (None, {}, Decimal("0.00"))


def test_a_form_is_read_and_names_are_joined() -> None:
    order = read(raw_of("getcourse/callurl_post_form"), MOSCOW)
    assert isinstance(order, ParsedOrder)
    assert (order.status, order.paid, order.name) == (OrderStatus.PAID, Decimal("12000.00"), "Анна Иванова")


def test_json_is_read_and_its_fields_win_over_the_query() -> None:
    body = orjson.dumps({"deal_id": 700100, "status": "in_work", "email": "a@b.ru"})
    raw = RawRequest("POST", b"status=new&token=x&number=7", {"content-type": "application/json"}, body)
    order = read(raw, MOSCOW)
    assert isinstance(order, ParsedOrder)
    assert (order.external_id, order.status, order.external_number) == ("700100", OrderStatus.IN_WORK, "7")


def test_a_time_without_zone_is_in_the_accounts_zone() -> None:
    order = good("deal_id=1&email=a@b.ru&created_at=2026-03-02+12:14:00", Mapped(ZoneInfo("Asia/Almaty")))
    assert order.placed_at == datetime(2026, 3, 2, 7, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Новый", "new"), ("new", "new"), ("Завершён", "paid"), ("завершен", "paid"), ("payed", "paid"),
        ("В работе", "in_work"), ("Ожидаем оплаты", "awaiting_payment"), ("part_payed", "part_paid"),
        ("Ложный", "false"), ("Отложен", "on_hold"), ("Не подтвержден", "unconfirmed"),
        ("Ожидаем возврата", "refund_requested"), ("Отменен", "cancelled"),
    ],
)  # fmt: skip
def test_a_status_is_a_code_or_its_russian_title(word: str, status: str) -> None:
    assert good(f"deal_id=1&email=a@b.ru&status={quote_plus(word)}").status == status


def test_an_unknown_status_waits_with_its_name() -> None:
    answer = get("deal_id=1&email=a@b.ru&status=archived")
    assert isinstance(answer, Unreadable)
    assert (answer.reason, answer.notes[0].detail) == (Reason.UNKNOWN_STATUS, "archived")


def test_a_word_of_the_source_is_a_status_once_it_is_mapped() -> None:
    mapped = Mapped(ZoneInfo("Europe/Moscow"), statuses={"archived": OrderStatus.CANCELLED})
    assert good("deal_id=1&email=a@b.ru&status=Archived", mapped).status is OrderStatus.CANCELLED


def test_a_mapped_name_replaces_the_usual_ones() -> None:
    mapped = Mapped(ZoneInfo("Europe/Moscow"), paths={"phone": (("tel",),)})
    assert good("deal_id=1&phone=1&tel=%2B79161234567", mapped).phone == "+79161234567"


def test_a_lost_plus_leaves_a_phone() -> None:
    assert good("deal_id=1&phone=+79161234567").phone == "79161234567"


@pytest.mark.parametrize(("query", "reason"), [
    ("deal_id=1&status=new", Reason.NO_CONTACT),
    ("deal_id=1&email=nobody", Reason.NO_CONTACT),
])  # fmt: skip
def test_what_is_no_order_says_why(query: str, reason: Reason) -> None:
    answer = get(query)
    assert isinstance(answer, Unreadable)
    assert answer.reason is reason


def test_a_placeholder_that_was_not_filled_hides_no_other_field() -> None:
    assert good("deal_id=1&email={object.user.email}&user_email=x@y.ru").email == "x@y.ru"


def test_the_number_stands_in_for_a_missing_id() -> None:
    assert good("number=1042&email=a@b.ru").external_id == "1042"
