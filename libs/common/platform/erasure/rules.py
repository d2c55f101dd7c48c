"""By what a person is found where no id names them. Pure."""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from libs.common.contracts.erasures import Forgotten
from libs.common.contracts.shared import IdentityKind
from libs.common.domain.phone import read_phone

LEAST = 6  # characters of a word: what is shorter stands in texts of others too
NATIONAL = 10  # digits of a number without its country, which is written in many ways
LEAST_ENCODED = 9  # characters of what is looked for in base64: what is shorter is found in others' texts too

_PHONES = frozenset({IdentityKind.PHONE, IdentityKind.WHATSAPP})


@dataclass(frozen=True, slots=True)
class Marks:
    """What names a person: `words`, `digits` and `encoded` are patterns of LIKE, `exact` whole addresses.

    `encoded`: the same words and digits as they stand within base64, as providers write them into ids.
    """

    words: tuple[str, ...]
    digits: tuple[str, ...]
    encoded: tuple[str, ...]
    exact: tuple[str, ...]


def marks_of(person: Forgotten) -> Marks:
    """Return by what texts and addresses of this person are found: numbers, addresses and ids, never a name."""
    phones = {text for text in (person.phone, person.phone_raw, *person.spellings) if text and "@" not in text}
    typed = {text for text in (person.email, *person.spellings) if text and "@" in text}
    others, exact = set[str](), set[str]()
    for each in person.identities:
        exact.add(each.value)
        if each.kind in _PHONES:
            phones.add(each.value)
        elif each.kind is IdentityKind.EMAIL:
            typed.add(each.value)
        elif each.kind is not IdentityKind.EXTERNAL:
            others.add(each.value)
    emails = {text.lower() for text in typed}
    numbers = {number for text in phones for number in _numbers(text)}
    words = {text.lower() for text in emails | others if len(text) >= LEAST}
    exact |= emails | others | numbers | {f"+{number}" for number in numbers}
    digits = {number[-NATIONAL:] for number in numbers}
    encoded = {part for text in words | typed | digits if len(text) >= LEAST_ENCODED for part in _encoded(text)}
    return Marks(_patterns(words), _patterns(digits), _patterns(encoded), tuple(sorted(exact)))


def _numbers(text: str) -> set[str]:
    """Return the digits of the numbers in a text: what is none, as `0000000`, stands in others' texts too."""
    read, typed = read_phone(text), _digits(text)
    found = {_digits(number) for number in (read.e164 if read.valid else None, *read.others) if number}
    if read.valid or len(typed) >= NATIONAL:
        found.add(typed)
    return {number for number in found if len(set(number[-NATIONAL:])) > 1}


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _encoded(text: str) -> Iterator[str]:
    """Return a text as base64 has it: three bytes are four characters, so by where among three it begins.

    The last character may have bits of what follows, which is taken to be ASCII: without it the last digit of a
    number would be any digit.
    """
    said = text.encode()
    for before in range(3):
        first, last = -(-8 * before // 6), -(-8 * (before + len(said)) // 6)
        for following in range(0, 128, 16):
            yield b64encode(bytes(before) + said + bytes([following, 0])).decode()[first:last]


def _patterns(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({"%" + re.sub(r"([%_\\])", r"\\\1", text) + "%" for text in texts}))
