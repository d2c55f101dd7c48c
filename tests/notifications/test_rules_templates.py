"""Strict rendering (S2.5, S4.12) without a database."""

from contextlib import nullcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.domain.placeholders import PlaceholderType, fits
from services.notifications.templates.rules import (
    MistypedError,
    UnfilledError,
    Version,
    choose_language,
    fault,
    faults_of,
    placeholders,
    render,
)


def test_placeholders_are_filled_with_trimmed_values() -> None:
    assert render("Привет, {name}!", {"name": " Анна "}) == "Привет, Анна!"


def test_every_gap_is_named_at_once() -> None:
    with pytest.raises(UnfilledError) as caught:
        render("{name} {order_number} {amount}", {"name": "Анна", "amount": "  "})
    assert caught.value.names == ("order_number", "amount")


def test_an_empty_value_is_of_no_matter_when_the_text_does_not_use_it() -> None:
    assert render("Спасибо!", {"name": None}) == "Спасибо!"


@pytest.mark.req("entities-and-null")
@pytest.mark.parametrize(
    ("name", "text"), [("Анна", "Анна, спасибо, 7!"), (None, "Спасибо, 7!"), (" ", "Спасибо, 7!")]
)
def test_a_text_has_a_wording_without_a_name(name: str | None, text: str) -> None:
    assert render("[[{name}, спасибо||Спасибо]], {n}!", {"name": name, "n": "7"}) == text


def test_a_part_without_a_second_wording_is_left_out() -> None:
    assert render("Спасибо[[, {name}]]!", {}) == "Спасибо!"


@pytest.mark.parametrize("value", ["[[x||y]]", "||", "]]"])
def test_a_value_is_never_read_as_two_wordings(value: str) -> None:
    assert render("[[{name}||нет]]", {"name": value}) == value


def test_a_value_is_never_read_as_a_template() -> None:
    assert render("{name}", {"name": "{phone}", "phone": "+7"}) == "{phone}"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Привет, {name}", None),
        (" \n", "blank"),
        ("x" * 4000, None),
        ("x" * 4001, "too_long"),
        ("{name", "stray_brace"),
        ("{Name}", "stray_brace"),
        ("{{name}}", "stray_brace"),
        ("{}", "stray_brace"),
        ("[[{name}, да||Да]]", None),
        ("[[{name}, ]]да", None),
        ("[[{name}||]]", "blank"),
        ("[[{name}", "stray_bracket"),
        ("да]]", "stray_bracket"),
        ("[[a||b||c]]", "stray_bracket"),
        ("[[a[[b]]c]]", "stray_bracket"),
        ("да||нет", "stray_bracket"),
    ],
)
def test_a_body_is_checked_when_it_is_proposed(body: str, expected: str | None) -> None:
    assert fault(body) == expected


def test_placeholders_come_once_each_in_order() -> None:
    assert placeholders("{b} {a} {b}") == ("b", "a")


@pytest.mark.parametrize(
    ("bodies", "wanted", "expected"),
    [({"ru": "а", "en": "a"}, "en", "en"), ({"ru": "а", "en": "a"}, "de", "ru"), ({"en": "a"}, "ru", "en")],
)
def test_language_falls_back_to_russian_then_to_what_there_is(
    bodies: dict[str, str], wanted: str, expected: str
) -> None:
    assert choose_language(bodies, wanted) == expected


@given(st.dictionaries(st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True), st.text()))
def test_a_text_leaves_whole_or_not_at_all(values: dict[str, str]) -> None:
    body = " ".join(f"{{{name}}}" for name in values)
    gaps = tuple(name for name, value in values.items() if not value.strip())
    with pytest.raises(UnfilledError) if gaps else nullcontext():
        assert render(body, values) == " ".join(value.strip() for value in values.values())


@pytest.mark.req("S4.12")
@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        ("number", "1\u00a0500,5", "много"),
        ("money", "4\u00a0990\u00a0₽", "4990"),
        ("money", "1\u00a0234.50\u00a0KZT", "тенге"),
        ("date", "03.03.2026", "31.02.2026"),
        ("moment", "03.03.2026 12:00", "03.03.2026"),
        ("link", "https://school.example/pay?id=7", "school.example"),
        ("email", "anna@example.com", "anna"),
        ("phone", "+79990000001", "звоните"),
        ("text", "что угодно", " "),
    ],
)
def test_words_are_of_a_type_or_not(kind: PlaceholderType, right: str, wrong: str) -> None:
    assert (fits(PlaceholderType(kind), right), fits(PlaceholderType(kind), wrong)) == (True, False)


@pytest.mark.req("S4.12")
def test_a_value_of_another_type_stops_the_message_and_is_named() -> None:
    types = {"link": PlaceholderType.LINK, "sum": PlaceholderType.MONEY}
    with pytest.raises(MistypedError) as caught:
        render("{sum}: {link}, {name}", {"sum": "дорого", "link": "нет", "name": "Анна"}, types)
    assert caught.value.names == ("sum", "link")


@pytest.mark.req("S4.12")
def test_a_proposal_names_every_type_that_cannot_be() -> None:
    types = dict.fromkeys(("amount", "items", "other"), PlaceholderType.LINK)
    fitting = {"payment_link": PlaceholderType.LINK, "until": PlaceholderType.MOMENT}
    found = faults_of(Version(1, {"ru": "{amount} {items} {payment_link} {until}"}, {}, {**types, **fitting}))
    assert found == {
        "/types/amount": "wrong_type",
        "/types/items": "wrong_type",
        "/types/other": "unknown_placeholder",
    }


@pytest.mark.req("S4.12")
@given(st.sampled_from(PlaceholderType), st.text(max_size=60))
def test_what_is_rendered_is_of_its_type(kind: PlaceholderType, value: str) -> None:
    try:
        rendered = render("{x}", {"x": value}, {"x": kind})
    except UnfilledError:
        assert not value.strip()
    except MistypedError:
        assert not fits(kind, value)
    else:
        assert fits(kind, rendered)
