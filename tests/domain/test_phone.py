"""Phones as people and shop systems type them."""

import re
from unittest import mock

import phonenumbers
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from libs.common.domain import phone as phone_module
from libs.common.domain.phone import read_phone


@pytest.mark.parametrize(
    ("raw", "region", "e164"),
    [
        ("+7 916 123-45-67", "RU", "+79161234567"),
        ("8 (916) 123-45-67", "RU", "+79161234567"),
        ("9161234567", "RU", "+79161234567"),
        (" 79161234567", "RU", "+79161234567"),
        ("79161234567", "KZ", "+79161234567"),
        ("+972 50 234 5678", "RU", "+972502345678"),
        ("972502345678", "RU", "+972502345678"),
        ("+375291234567", "RU", "+375291234567"),
        ("87011234567", "KZ", "+77011234567"),
        ("+1 650 253 0000", "RU", "+16502530000"),
    ],
)
def test_a_real_number_is_read_in_any_spelling(raw: str, region: str, e164: str) -> None:
    phone = read_phone(raw, region)
    assert (phone.e164, phone.valid) == (e164, True)


@pytest.mark.parametrize("raw", ["", "   ", "позвоните", "-", "+", "7", "\x00"])
def test_what_is_no_number_has_no_e164(raw: str) -> None:
    phone = read_phone(raw)
    assert (phone.e164, phone.valid) == (None, False)


@pytest.mark.parametrize("raw", ["700000000000", "+7 000 000 00 00", "123456", "+7916123456"])
def test_a_false_number_is_not_valid(raw: str) -> None:
    assert not read_phone(raw).valid


def test_what_was_typed_is_kept_beside() -> None:
    assert read_phone("  8 (916) 123-45-67 ").raw == "8 (916) 123-45-67"


def test_endless_input_is_cut() -> None:
    assert len(read_phone("9" * 10_000).raw) == 200


@given(st.from_regex(r"\A(\+?7|8)?[ (-]{0,2}[0-9]{3}[ )-]{0,2}[0-9]{3}-?[0-9]{2} ?[0-9]{2}[0-9]?\Z"))
def test_the_short_way_reads_a_russian_number_as_the_library_does(raw: str) -> None:
    short = read_phone(raw)
    with mock.patch.object(phone_module, "_RUSSIAN_MOBILE", re.compile("(?!)")):
        assert read_phone(raw) == short


@given(st.text(max_size=80), st.sampled_from(["RU", "KZ", "US", "IL"]))
def test_any_text_is_read_without_an_error_and_e164_reads_as_itself(raw: str, region: str) -> None:
    phone = read_phone(raw, region)
    assert phone.e164 is None or not phone.valid or read_phone(phone.e164, region).e164 == phone.e164


@pytest.mark.parametrize(
    ("raw", "e164"),
    [
        ("8 913 000 00 01 Viber", "+79130000001"),
        ("8-913-000-00-01 (Анна)", "+79130000001"),
        ("+8 (913) 000-00-01", "+79130000001"),
        ("+7 (7913) 000-00-01", "+79130000001"),
        ("+7 8 913 000-00-01", "+79130000001"),
        ("8-10-7-913-000-00-01", "+79130000001"),
        ("007 913 000 00 01", "+79130000001"),
        ("8/913/000/00/01", "+79130000001"),
        ("8–913–000–00–01", "+79130000001"),
        ("８ ９１３ ０００ ００ ０１", "+79130000001"),
        ("8 913 000 00 01 доб. 12, с 9 до 18", "+79130000001"),
        ("1) 8 913 000 00 01", "+79130000001"),
        ("+8 (495) 123-45-67", "+74951234567"),
        ("0049 30 901820", "+4930901820"),
        ("тел. +1 650 253 0000 (office)", "+16502530000"),
    ],
)
def test_a_number_is_found_among_what_stands_beside_it(raw: str, e164: str) -> None:
    phone = read_phone(raw)
    assert (phone.e164, phone.valid, phone.others, phone.raw) == (e164, True, (), raw)


@pytest.mark.parametrize(
    "raw",
    [
        "+7 913 000 00 01, +7 914 000 00 02",
        "8 913 0000001 / 8 914 0000002",
        "89130000001 89140000002",
        "9130000001 или 914 000-00-02",
        "+79130000001+79140000002",
        "8 913 000 00 01\n8 914 000 00 02",
        "моб 8(913)0000001; раб 8(914)0000002",
    ],
)
def test_a_second_number_stands_beside_the_first(raw: str) -> None:
    phone = read_phone(raw)
    assert (phone.e164, phone.others) == ("+79130000001", ("+79140000002",))


@pytest.mark.parametrize("raw", ["8-800-FLOWERS", "8-913-OOO-00-01", "8 913 000 OO 01", "8 913 000 00 012 Viber"])
def test_words_are_never_digits(raw: str) -> None:
    assert not read_phone(raw).valid


SEPARATORS = st.sampled_from(["", " ", "-", "–", ".", "/", "\u00a0", "\u2011", "  ", ") ", "_", " - "])
WORDS = st.sampled_from(
    ["", " ", "тел. ", "Тел: ", "WhatsApp ", "моб.", "звонить ", "(Viber) ", "№ ", "❤ ", "mob "]
)
PREFIXES = st.sampled_from(["8", "+7", "7", "", "8-10-7", "8 10 7", "00 7", "007", "+8 ", "(+7)", "+7 (8)", "+7-7"])
SECONDS = st.sampled_from(
    ["", "", ", 8 914 000-00-02", " / +79140000002", "; 9140000002 (муж)", " и 8(914)0000002"]
)


@st.composite
def spellings(draw: DrawFn) -> tuple[str, str]:
    """Return a Russian mobile number in some spelling, and the number."""
    national = "9" + draw(st.sampled_from("0123456")) + draw(st.from_regex(r"\A[0-9]{8}\Z"))
    groups = [national[:3], national[3:6], national[6:8], national[8:]]
    text = draw(PREFIXES) + "".join(draw(SEPARATORS) + group for group in groups)
    return draw(WORDS) + text + draw(SECONDS) + draw(WORDS), f"+7{national}"


@given(spellings())
def test_any_spelling_of_a_valid_number_gives_that_number(spelled: tuple[str, str]) -> None:
    assume(read_phone(spelled[1]).valid)
    assert read_phone(spelled[0]).e164 == spelled[1]


@given(st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)), st.integers(0, 2))
def test_a_number_of_another_country_is_never_read_as_one_of_this(region: str, lost: int) -> None:
    example = phonenumbers.example_number(region)
    assert example is not None
    written = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    read = read_phone(written[: len(written) - lost])
    assert lost or read.e164 == phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
    assert not read.valid or str(read.e164).startswith(f"+{example.country_code}")
