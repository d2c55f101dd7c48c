"""What is shown of numbers and addresses that are masked: one differs from another, and none is reached (P.7)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.domain.masking import HIDDEN, masked, masked_person, masked_words

pytestmark = pytest.mark.req("P.7")

SPELLINGS = (
    "+7{}{}{}{}",
    "8{}{}{}{}",
    "7{}{}{}{}",
    "{}{}{}{}",
    "8 ({}) {}-{}-{}",
    "+7 {} {} {} {}",
    "тел. 8{}{}{}{}",
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("+79001231201", "+7***1201"),
        ("+375291231201", "+37***1201"),
        ("+3721231201", "***1201"),  # short: with its country it would hide four digits
        ("9001231201", "***1201"),
        ("89001231201", "***1201"),
        ("79001231201", "***1201"),
        ("8 (900) 123-12-01", "***1201"),
        ("٠٩٠٠١٢٣١٢٠١", "***١٢٠١"),
        ("12345678", HIDDEN),
        ("8 900 12", HIDDEN),
        ("1234567890", "***7890"),
        ("US.13491208655302741918", "***1918"),
        ("anna@example.org", "a***@example.org"),
        ("79001231201@mail.example.ru", "7***@mail.example.ru"),
        ("anna@xn--e1afmkfd.xn--p1ai", "a***@xn--e1afmkfd.xn--p1ai"),
        ("@annapetrova", "@a***"),
        ("annapetrova", "a***"),
        ("anna.1990", "a***"),
        ("anna@localhost", "a***"),
        ("anna@example.org 89001231201", "***1201"),
        ("anna@example.org,boris@example.org", "a***"),
        ("@", HIDDEN),
        ("", HIDDEN),
    ],
)
def test_of_what_is_masked_a_beginning_or_an_end_is_shown(text: str, shown: str) -> None:
    assert masked(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("+79001231201", "+7***1201"),
        ("8 (900) 123-12-01", "***1201"),
        (" 8–900–123–12–01, ", "***1201"),
        ("anna@example.org", "a***@example.org"),
        ("anna@example.org. ", "a***@example.org"),
        ("перезвонить 89001231201 до 9", "перезвонить 89001231201 до 9"),
        ("02.03.2026", "02.03.2026"),
        ("с 10 до 18", "с 10 до 18"),
        ("1042", "1042"),
        ("4276 5500 1234 5678", "4276 5500 1234 5678"),
        ("", ""),
    ],
)
def test_of_words_only_what_is_a_number_or_an_address_alone_is_masked(text: str, shown: str) -> None:
    assert masked_words(text) == shown


@given(st.from_regex(r"[0-9]{10}", fullmatch=True))
def test_all_spellings_of_a_number_hide_the_same_digits(number: str) -> None:
    parts = number[:3], number[3:6], number[6:8], number[8:]
    shown = {masked(spelling.format(*parts)) for spelling in SPELLINGS}
    assert shown == {f"+7***{number[-4:]}", f"***{number[-4:]}"}


@given(st.text(st.sampled_from("0123456789+ ()-@.a٣"), max_size=20))
def test_no_number_is_shown_by_more_than_its_country_and_its_end(text: str) -> None:
    there, shown = (sum(each.isdecimal() for each in said) for said in (text, masked(text).partition("@")[0]))
    assert shown == 0 or there - shown >= 5 or ("@" in text and shown == 1)


def test_a_person_is_masked_with_all_that_they_are_known_by_and_keeps_their_name() -> None:
    person = {"name": "Анна", "phone": "+79161234567", "phone_raw": "8 (916) 123-45-67 доб. 12", "email": None}
    known = [{"kind": "max", "value": "1234567890"}, {"kind": "telegram", "value": "@annapetrova"}]
    hidden = [{"kind": "max", "value": "***7890"}, {"kind": "telegram", "value": "@a***"}]
    seen = {**person, "phone": "+7***4567", "phone_raw": "+7***4567", "identities": hidden}
    assert masked_person({**person, "identities": known}) == seen


@pytest.mark.parametrize(("raw", "shown"), [("8 916 12", HIDDEN), ("Анна", "А***"), (None, None)])
def test_what_was_typed_for_a_number_that_cannot_be_read_is_masked_by_itself(
    raw: str | None, shown: str | None
) -> None:
    assert masked_person({"phone": None, "phone_raw": raw}) == {"phone": None, "phone_raw": shown}
