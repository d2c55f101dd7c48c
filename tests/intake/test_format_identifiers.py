"""Placeholders are no identifiers, in every field that is read as one."""

from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.deliveries.convert import Delivery, DeliveryRow, parse_delivery
from services.intake.formats.identifiers import is_no_id
from services.intake.formats.rules import Mapped, ParsedOrder, RawRequest, Unreadable
from tests.intake.api import NOW
from tests.intake.payloads import GETCOURSE, LANDING, Reader
from tests.intake.test_accept_races import SOURCE

MAPPED = Mapped(ZoneInfo("Europe/Moscow"))
JSON = {"content-type": "application/json"}

NOTHING = (
    "0", "0.0", "000", "-0", "0,00", "0x0", "-1", "+0", "٠", "null", "none", "nil", "undefined", "nan", "-",
    "--", "—", "–", "...", "***", "?", "false", "true", "n/a", "N.A.", "#N/A", "(null)", "<null>", "'null'",
    '"none"', "[]", "{}", "[object Object]", "object Object", "{order_id}", "{{order_id}}", "{{ order.id }}",
    "{% id %}", "%order_id%", "%%order_id%%", "[order_id]", "[[id]]", "[cf7-id]", "{object.id}",
    "{object.deal.id}", "${id}", "#{id}", "$id", "$order->id", "<id>", "<?= $id ?>", "<%= id %>", "#ORDER_ID#",
    "*|ORDER_ID|*", "__ORDER_ID__", ":order_id", "@id", "%s", "%d", "%(id)s", "{0}", "%7Border_id%7D",
    "%7B%7Bid%7D%7D", "&nbsp;", "&mdash;", "order-{id}", "LP-%order_id%", "order-undefined", "lead_null",
    "order-0", "null-null", "undefined undefined", "id", "order_id", "orderId", "deal_id",
    "00000000-0000-0000-0000-000000000000", "{00000000-0000-0000-0000-000000000000}", "0" * 32, "нет",
    "Не указан", "не определён", "form", "form1", "form-1", "form_12", "#form1", "contact-form", "orderForm",
    "callbackForm2", "form477389174", "wpcf7-f12-p3-o1", "gform_1", "popup1", "форма1", "б/н", "без номера",
    "\u200b", "\ufeff0",
)  # fmt: skip
REAL = (
    "1", "7", "10", "100", "0001", "-2", "1042", "lp-1", "LP-77-1042", "A0", "0a", "order-1", "lead 7", "№ 5",
    "none-1", "3F2504E0-4F89-41D3-9A0C-0305E82C3301", "{3F2504E0-4F89-41D3-9A0C-0305E82C3301}", "[12345]",
    "%D0%97-7", "00000000-0000-0000-0000-000000000001", "0e462097431906509019562988736854", "FORM-20260302-17",
    "FORM-1042", "platform-7", "formula-12", "nullable", "Nilsson-4", "abc", "x", "а", "msg_2Lq",
    "<a1b2@mail.example.com>", "lp:order:77", "2026-03-02T09:14", "sale[7]", "50%-off-50%", "0.5",
)  # fmt: skip
PADS = st.sampled_from(["", " ", "\t", "\u00a0", "  \n"])


@pytest.mark.parametrize("text", NOTHING)
def test_a_stand_in_is_no_identifier(text: str) -> None:
    assert is_no_id(text)


@pytest.mark.parametrize("text", REAL)
def test_an_identifier_is_none_of_the_stand_ins(text: str) -> None:
    assert not is_no_id(text)


@given(st.sampled_from(NOTHING), st.sampled_from([str.upper, str.lower, str.title, str.swapcase]), PADS, PADS)
def test_case_and_padding_make_no_identifier(text: str, spell: object, before: str, after: str) -> None:
    assert callable(spell)
    assert is_no_id(f"{before}{spell(text)}{after}")


@given(st.integers(1, 10**30), st.uuids())
def test_numbers_and_uuids_are_identifiers(number: int, uuid: object) -> None:
    assert not is_no_id(str(number))
    assert not is_no_id(str(uuid))


@pytest.mark.timeout(10)
@pytest.mark.parametrize("part", ["{", "%a", "[a", "<", "__a", "0", "form", "null ", "&lt;", "%7B", "-"])
@pytest.mark.parametrize("times", [40, 100_000])
def test_no_text_takes_long(part: str, times: int) -> None:
    assert isinstance(is_no_id(part * times), bool)


def post(read: Reader, **members: object) -> ParsedOrder | Unreadable:
    body = orjson.dumps({"email": "a@b.ru", **members})
    return read(RawRequest("POST", b"", JSON, body), MAPPED)


def order(read: Reader, **members: object) -> ParsedOrder:
    answer = post(read, **members)
    assert isinstance(answer, ParsedOrder), answer
    return answer


stand_ins: st.SearchStrategy[object] = st.sampled_from(
    (*NOTHING, "", " ", 0, 0.0, -0.0, 0e5, -1, None, False, True, [], {})
)


@given(st.sampled_from(["external_id", "order_id", "id"]), st.sampled_from(["order_number", "number"]), stand_ins)
def test_no_field_of_a_landing_page_takes_a_stand_in(name: str, number: str, value: object) -> None:
    read_order = order(LANDING, **{name: value, number: value})
    assert (read_order.external_id, read_order.external_number) == (None, None)


@given(st.sampled_from(["deal_id", "order_id", "id"]), stand_ins)
def test_no_field_of_getcourse_takes_a_stand_in(name: str, value: object) -> None:
    assert order(GETCOURSE, **{name: value, "number": "1042"}).external_id == "1042"


@given(stand_ins)
def test_a_person_of_getcourse_is_not_dropped_because_of_stand_ins(value: object) -> None:
    assert order(GETCOURSE, deal_id=value, number=value).external_id is None


@given(stand_ins)
def test_a_stand_in_hides_no_identifier_behind_it(value: object) -> None:
    assert order(LANDING, external_id=value, order_id=value, id="lp-1").external_id == "lp-1"


@pytest.mark.parametrize("value", ["0", "{object.id}", "form1"])
def test_a_stand_in_is_noted(value: str) -> None:
    [note] = order(LANDING, order_id=value).notes
    assert (note.field, note.code, note.detail) == ("external_id", "no_identifier", value)


def test_a_mapped_field_takes_no_stand_in() -> None:
    mapped = Mapped(ZoneInfo("Europe/Moscow"), paths={"external_id": (("meta", "uid"),)})
    body = b'{"email": "a@b.ru", "meta": {"uid": "undefined"}}'
    answer = LANDING(RawRequest("POST", b"", JSON, body), mapped)
    assert isinstance(answer, ParsedOrder)
    assert answer.external_id is None


def parsed(**headers: str) -> DeliveryRow:
    raw = RawRequest("POST", b"", {**JSON, **headers}, b'{"email": "a@b.ru"}')
    answer = parse_delivery(Delivery(SOURCE.id, SOURCE, NOW, raw, None), NOW)
    assert isinstance(answer, DeliveryRow)
    return answer


@pytest.mark.parametrize("name", ["webhook-id", "idempotency-key"])
@pytest.mark.parametrize("value", ["0", "undefined", '"null"', "", "{{uuid}}"])
def test_a_stand_in_in_a_header_is_no_identifier(name: str, value: str) -> None:
    assert parsed(**{name: value}).external_id == parsed().external_id
