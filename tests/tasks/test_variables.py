"""What a message can say: the variables of a template, in the lead's language (S4.12)."""

from dataclasses import replace
from decimal import Decimal

import pytest

from services.tasks.engine.facts import Facts, Order
from services.tasks.engine.prices import money
from services.tasks.engine.state import State
from services.tasks.engine.variables import OF_PERSON, VARIABLES, fillable, message_language, variables
from services.tasks.playbooks.messages import Addressee
from tests.tasks.support import ANNA, DESK, ORDER_ID, SCHOOL, blank, facts

ORDER = Order(
    ORDER_ID,
    "1042",
    "paid",
    amount=Decimal(4990),
    currency="RUB",
    items=("Курс", "Книга"),
    payment_link="https://pay.example/1",
)
PAID = replace(facts(), order=ORDER)


def state(lead: Facts = PAID) -> State:
    return blank(SCHOOL, lead)


def test_every_variable_has_its_value() -> None:
    told = state()
    told.owner = ANNA
    assert variables(told, "ru") == {
        "order_number": "1042",
        "amount": "4\xa0990\xa0₽",
        "items": "Курс, Книга",
        "payment_link": "https://pay.example/1",
        "desk_title": "Демо",
        "operator_name": "Анна",
    }


def test_a_template_may_name_every_variable_and_the_fields_that_are_no_secret() -> None:
    told = state()
    told.owner = ANNA
    message = next(iter(SCHOOL.messages.values()))
    assert variables(told, "ru").keys() < {*VARIABLES}
    assert {*VARIABLES, *OF_PERSON} <= {*fillable(SCHOOL, message)}
    assert {*OF_PERSON}.isdisjoint(fillable(SCHOOL, replace(message, to=Addressee.TEAM, channels=("team",))))


def test_what_has_no_value_is_left_out() -> None:
    assert variables(state(facts()), "ru") == {"order_number": "1042", "desk_title": "Демо"}


def test_without_an_order_only_desk_and_operator_are_named() -> None:
    owned = state(replace(PAID, order=None))
    owned.owner = ANNA
    assert variables(owned, "en") == {"desk_title": "Demo", "operator_name": "Анна"}


def test_the_desk_has_its_name_in_the_language_of_the_message() -> None:
    assert variables(state(), "en")["desk_title"] == "Demo"


@pytest.mark.parametrize(("language", "chosen"), [("ru", "ru"), ("en", "en"), ("kk", "ru")])
def test_a_message_is_in_the_lead_s_language_where_the_desk_speaks_it(language: str, chosen: str) -> None:
    assert message_language(state(replace(PAID, language=language))) == chosen


def test_a_desk_says_what_it_cannot_translate_in_its_first_language() -> None:
    english = replace(DESK, languages=("en", "ru"))
    assert message_language(blank(SCHOOL, replace(PAID, language="kk"), english)) == "en"


@pytest.mark.parametrize(
    ("amount", "currency", "said"),
    [
        ("4990.00", "RUB", "4\xa0990\xa0₽"),
        ("1234567.5", "USD", "1\xa0234\xa0567.50\xa0$"),
        ("10", "GEL", "10\xa0GEL"),
        (None, "RUB", ""),
        ("10", None, ""),
    ],
)
def test_money_is_grouped_and_has_its_sign(amount: str | None, currency: str | None, said: str) -> None:
    assert money(Decimal(amount) if amount else None, currency) == said
