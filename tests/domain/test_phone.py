"""Phones as people and shop systems type them."""

import re
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    assert len(read_phone("9" * 10_000).raw) == 64


@given(st.from_regex(r"\A(\+?7|8)?[ (-]{0,2}[0-9]{3}[ )-]{0,2}[0-9]{3}-?[0-9]{2} ?[0-9]{2}[0-9]?\Z"))
def test_the_short_way_reads_a_russian_number_as_the_library_does(raw: str) -> None:
    short = read_phone(raw)
    with mock.patch.object(phone_module, "_RUSSIAN_MOBILE", re.compile("(?!)")):
        assert read_phone(raw) == short


@given(st.text(max_size=80), st.sampled_from(["RU", "KZ", "US", "IL"]))
def test_any_text_is_read_without_an_error_and_e164_reads_as_itself(raw: str, region: str) -> None:
    phone = read_phone(raw, region)
    assert phone.e164 is None or not phone.valid or read_phone(phone.e164, region).e164 == phone.e164
