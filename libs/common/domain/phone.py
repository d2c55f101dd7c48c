"""Phones: E.164 through libphonenumber, out of all that people write beside them; the raw input kept.

Alphabetic characters are never digits: `8-800-FLOWERS` is no number, and `8 913 000 00 01 Viber` is one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from unicodedata import digit, normalize

import phonenumbers

_MAX_RAW = 200
_MAX_PIECES = 40
_SHORTEST, _LONGEST = 7, 15  # digits of a number that may stand beside other text (E.164 has at most 15)
_PREFIX = 3  # digits of `810`, which is dialled before a number abroad
_NATIONAL = 10  # digits of a Russian or Kazakh number
_PUNCTUATION = str.maketrans("", "", " ()-\u00a0")
_RUSSIA = phonenumbers.PhoneMetadata.metadata_for_region("RU")
_MOBILE = _RUSSIA.mobile.national_number_pattern if _RUSSIA and _RUSSIA.mobile else None
_RUSSIAN_MOBILE = re.compile(rf"(\+?7|8)?({_MOBILE or '(?!)'})")
_SEVEN = frozenset({"RU", "KZ"})
# What parts two numbers for sure: words, and the place before a plus; and signs that may also stand in one.
_APART = re.compile(r"[^\W\d_]+|(?=\+)")
_SIGNS = (re.compile(r"[,;|\n\r]+"), re.compile(r"[/:\\\t]+"))
_DIGITS = re.compile(r"[0-9]+")
# `+8 (913)`: a plus before the 8 that is dialled within the country.
_PLUS_EIGHT = re.compile(r"\+\s*8(?!\d)")


@dataclass(frozen=True, slots=True)
class Phone:
    """A number as it was typed and, when it can be read, in E.164; `others`: further valid ones beside it."""

    raw: str
    e164: str | None
    valid: bool
    others: tuple[str, ...] = ()


def read_phone(raw: str, region: str = "RU") -> Phone:
    """Read a number typed in any spelling; `region` (ISO 3166) is the country of a local number.

    A GetCourse URL loses its plus (`+7…` arrives as ` 7…`), so a long digit string that is no valid
    local number is tried as an international one. Of several numbers the first valid one counts.
    """
    raw = raw.strip()[:_MAX_RAW]
    # A fast path for the most common numbers: the library takes 70 µs each. A test compares the two.
    mobile = _RUSSIAN_MOBILE.fullmatch(raw.translate(_PUNCTUATION)) if region == "RU" and raw.isascii() else None
    if mobile is not None:
        return Phone(raw, f"+7{mobile[2]}", valid=True)
    text = _plain(raw)
    found = tuple(dict.fromkeys(_numbers(text, region)))
    if found:
        return Phone(raw, found[0], valid=True, others=found[1:])
    return replace(_false(text, region), raw=raw)


def _plain(raw: str) -> str:
    """Return the text with any script's digits as ASCII, wide signs as narrow ones, and nothing invisible."""
    text = normalize("NFKC", raw)
    return "".join(str(digit(c)) if c.isdecimal() else c for c in text if c.isprintable() or c.isspace())


def _numbers(text: str, region: str) -> list[str]:
    """Return the valid numbers of a text in their order, in E.164."""
    return [number for part in _APART.split(text) for number in _in_part(part, region, _SIGNS)]


def _in_part(text: str, region: str, signs: Sequence[re.Pattern[str]]) -> list[str]:
    """Return the numbers of a text without words: it is one, or its parts are, or some of its digits."""
    if whole := _dialled(text, region):
        return [whole]
    if signs and len(parts := signs[0].split(text)) > 1:
        found = [number for part in parts for number in _in_part(part, region, signs[1:])]
    else:
        found = _in_part(text, region, signs[1:]) if signs else []
    if found:
        return found
    whole = _abroad(text)
    return [whole] if whole else _hidden(text, region)


def _hidden(text: str, region: str) -> list[str]:
    """Return numbers of this country that stand beside each other, or beside other digits.

    Beside other digits only one is known that is complete with the 7 or 8 of Russia and Kazakhstan.
    """
    pieces: Sequence[str] = _DIGITS.findall(text)[:_MAX_PIECES]
    plus = bool(pieces) and text.lstrip(" (").startswith("+")
    if not plus:
        found, left = _cut(pieces, region, whole=False)
        if not left:
            return found
    found, left = _cut(pieces, region, whole=True)
    foreign = plus and (0 in left or not pieces[0].startswith("7"))
    return [] if region not in _SEVEN or foreign else found


def _cut(pieces: Sequence[str], region: str, *, whole: bool) -> tuple[list[str], list[int]]:
    """Return the numbers that neighbouring pieces make, and the places of those that belong to none."""
    found, left, at = list[str](), list[int](), 0
    while at < len(pieces):
        joined = [digits for digits in accumulate(pieces[at:]) if len(digits) <= _LONGEST]
        read = [
            (count, number)
            for count, digits in enumerate(joined, 1)
            if len(digits) >= _SHORTEST
            and (not whole or (len(digits) == _NATIONAL + 1 and digits[0] in "78"))
            and (number := _local(digits, region))
        ]
        if read:
            count, number = read[-1]
            found.append(number)
            at += count
        else:
            left.append(at)
            at += 1
    return found, left


def _dialled(text: str, region: str) -> str | None:
    """Return the number that all digits of a text make: with its plus, or as it is dialled within the country."""
    digits = "".join(_DIGITS.findall(text))
    if not _SHORTEST <= len(digits) <= _LONGEST + _PREFIX:
        return None
    within = not text.lstrip(" (").startswith("+") or (region in _SEVEN and _PLUS_EIGHT.search(text))
    if within:
        return _local(digits, region)
    number = _checked(f"+{digits}", None)
    # A plus before the code of no country, or before this one's code twice.
    own = region in _SEVEN and len(digits) > _NATIONAL
    own = own and (digits[0] == "7" or (digits[0] == "8" and _parse(f"+{digits}", None) is None))
    return number or (_local(digits, region) if own else None)


def _abroad(text: str) -> str | None:
    """Return the international number that all digits of a text make, its plus lost or written as 00."""
    digits = "".join(_DIGITS.findall(text)).removeprefix("00")
    return _checked(f"+{digits}", None) if _SHORTEST <= len(digits) <= _LONGEST else None


def _local(digits: str, region: str) -> str | None:
    """Return a number as it is dialled within the country, also with its code or the trunk's 8 written twice."""
    if number := _checked(digits, region):
        return number
    twice = region in _SEVEN and len(digits) == _NATIONAL + 2 and digits[0] in "78" and digits[1] in "78"
    return _checked(digits[2:], region) if twice else None


def _checked(text: str, region: str | None) -> str | None:
    number = _parse(text, region)
    return _e164(number) if number is not None and phonenumbers.is_valid_number(number) else None


def _false(text: str, region: str) -> Phone:
    """Return what a number that is not valid was most likely meant to be; None of digits with words between."""
    runs = [run for run in _APART.split(text) if any(c.isdigit() for c in run)]
    digits = "".join(_DIGITS.findall(runs[0])) if len(runs) == 1 else ""
    plus = "+" if runs and runs[0].lstrip().startswith("+") else ""
    parsed = [n for n in (_parse(plus + digits, region), _parse(f"+{digits}", None)) if n is not None]
    for test in (phonenumbers.is_possible_number, lambda _: True):
        for number in filter(test, parsed):
            return Phone(text, _e164(number), valid=False)
    return Phone(text, None, valid=False)


def _e164(number: phonenumbers.PhoneNumber) -> str:
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _parse(text: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
