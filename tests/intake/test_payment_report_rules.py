"""What is reported to a school of a payment by hand, and why it is not (S4.9)."""

import base64
from dataclasses import replace
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import orjson
import pytest

from services.intake.formats.getcourse_api import pay, place
from services.intake.payment_reports.rules import report_of
from services.intake.placements.rules import Placing, placing_of

pytestmark = pytest.mark.req("S4.9")
PAYMENT: dict[str, Any] = {
    "payment_status": "received", "amount": Decimal(12000), "said_paid": None, "received": Decimal(12000),
    "last": True, "in_doubt": False, "external_id": "700100", "external_number": "1042", "currency": "RUB",
    "items": [{"title": "Курс"}], "email": "anna@example.com", "phone": None, "name": None,
}  # fmt: skip


def test_the_payment_that_completes_an_order_is_reported_by_the_schools_number() -> None:
    paid = report_of(PAYMENT)
    assert isinstance(paid, Placing)
    assert (paid.number, paid.email, paid.amount) == ("1042", "anna@example.com", Decimal(12000))


@pytest.mark.parametrize(
    ("known", "why"),
    [
        ({"payment_status": "deleted"}, "deleted"),
        ({"payment_status": "deleted", "in_doubt": True}, "in_doubt"),  # the school may have it
        ({"said_paid": Decimal(12000)}, "known_there"),
        ({"received": Decimal(11999)}, "part"),
        ({"amount": None}, "part"),  # it is not known whether the order is completed
        ({"last": False}, "part"),  # a later one completes it
        ({"email": None}, "no_email"),
        ({"external_number": None}, "no_number"),
        ({"items": []}, "no_title"),
        ({"items": [{"title": "Курс"}, {"title": "Книга"}]}, "several_items"),
        ({"items": [{"title": "Курс, Книга"}]}, "several_items"),  # as GetCourse says several
    ],
)
def test_what_is_not_reported_says_why(known: dict[str, Any], why: str) -> None:
    assert report_of({**PAYMENT, **known}) == why


def test_what_the_school_says_after_it_was_reported_may_be_the_payment_itself() -> None:
    assert isinstance(report_of({**PAYMENT, "said_paid": Decimal(12000), "in_doubt": True}), Placing)


def test_an_order_that_we_made_is_reported_as_we_made_it() -> None:
    ours = {"external_id": "dz-k3f9x2abq7wm", "items": [{"title": "Курс, тариф «Всё»"}]}
    assert isinstance(report_of({**PAYMENT, **ours}), Placing)


@pytest.mark.parametrize(
    ("code", "product"), [(None, {"product_title": "Курс"}), ("start", {"offer_code": "start"})]
)
def test_what_is_reported_says_no_more_of_person_and_order_than_the_school_demands(
    code: str | None, product: dict[str, str]
) -> None:
    placing = report_of({**PAYMENT, "phone": "+79161234567", "name": "Анна Иванова"})
    assert isinstance(placing, Placing)
    form = parse_qs((pay(replace(placing, offer_code=code), "key", "https://acme.test/").body or b"").decode())
    assert orjson.loads(base64.b64decode(form["params"][0])) == {
        "user": {"email": "anna@example.com"},
        "system": {"refresh_if_exists": 1},
        "deal": {
            "deal_number": "1042", **product, "deal_cost": "12000.00", "deal_currency": "RUB",
            "deal_status": "payed", "deal_is_paid": 1, "payment_type": "OTHER", "payment_status": "accepted",
        },
    }  # fmt: skip


def deal_of(order: dict[str, Any]) -> dict[str, Any]:
    """Return what a school is sent for an order's payment link."""
    placing = placing_of({**PAYMENT, "phone": "+79161234567", "name": "Анна Иванова", **order})
    assert isinstance(placing, Placing)
    form = parse_qs((place(placing, "key", "https://acme.test/").body or b"").decode())
    said: dict[str, Any] = orjson.loads(base64.b64decode(form["params"][0]))
    return {**said["user"], **said["deal"]}


def test_for_the_link_of_an_order_of_the_school_nothing_of_it_is_said_anew() -> None:
    said = {"email", "deal_number", "deal_cost", "deal_currency"}
    ours = {"external_id": "dz-k3f9x2abq7wm", "items": [{"title": "Курс", "code": "start"}]}
    assert set(deal_of({})) == {*said, "product_title"}
    assert set(deal_of(ours)) == {*said, "phone", "first_name", "offer_code", "product_title", "quantity"}
    assert placing_of({**PAYMENT, "items": [{"title": "Курс"}, {"title": "Книга"}]}) == "several_items"
