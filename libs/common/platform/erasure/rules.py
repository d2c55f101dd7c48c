"""By what a person is found where no id names them. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from libs.common.contracts.erasures import Forgotten
from libs.common.contracts.shared import IdentityKind
from libs.common.domain.phone import read_phone

LEAST = 6  # characters of a word: what is shorter stands in texts of others too
NATIONAL = 10  # digits of a number without its country, which is written in many ways

_PHONES = frozenset({IdentityKind.PHONE, IdentityKind.WHATSAPP})


@dataclass(frozen=True, slots=True)
class Marks:
    """What names a person: `words` and `digits` are patterns of LIKE, `exact` whole addresses in every spelling."""

    words: tuple[str, ...]
    digits: tuple[str, ...]
    exact: tuple[str, ...]


def marks_of(person: Forgotten) -> Marks:
    """Return by what texts and addresses of this person are found: numbers, addresses and ids, never a name."""
    phones = {text for text in (person.phone, person.phone_raw, *person.spellings) if text and "@" not in text}
    emails = {text.lower() for text in (person.email, *person.spellings) if text and "@" in text}
    others, exact = set[str](), set[str]()
    for each in person.identities:
        exact.add(each.value)
        if each.kind in _PHONES:
            phones.add(each.value)
        elif each.kind is IdentityKind.EMAIL:
            emails.add(each.value.lower())
        elif each.kind is not IdentityKind.EXTERNAL:
            others.add(each.value)
    numbers = {number for text in phones for number in _numbers(text)}
    words = {text.lower() for text in emails | others if len(text) >= LEAST}
    exact |= emails | others | numbers | {f"+{number}" for number in numbers}
    return Marks(_patterns(words), _patterns(number[-NATIONAL:] for number in numbers), tuple(sorted(exact)))


def _numbers(text: str) -> set[str]:
    """Return the digits of the numbers in a text: what is none, as `0000000`, stands in others' texts too."""
    read, typed = read_phone(text), _digits(text)
    found = {_digits(number) for number in (read.e164 if read.valid else None, *read.others) if number}
    if read.valid or len(typed) >= NATIONAL:
        found.add(typed)
    return {number for number in found if len(set(number[-NATIONAL:])) > 1}


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _patterns(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({"%" + re.sub(r"([%_\\])", r"\\\1", text) + "%" for text in texts}))
