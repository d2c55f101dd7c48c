"""Payments that the school does not know, matched with orders by name and amount (S4.19). Pure.

A name is compared by its words: without case and order, ё as е, in any alphabet, with any transliteration of
Russian, with or without a patronymic, with initials. One common word is no match: half of Russia has it.
Nothing is ever matched by itself: exactly one order is a proposal, and a person says yes.
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from unicodedata import combining, normalize
from uuid import UUID

MOST = 20  # candidates that are shown
BEFORE, AFTER = timedelta(days=90), timedelta(days=1)  # an order is made before it is paid; clocks differ
_NEEDED = 2  # words of a name that two have in common

_LATIN: Mapping[str, str] = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "e", "ж": "zh", "з": "z", "и": "i", "й": "i",
    "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f",
    "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "iu",
    "я": "ia", "і": "i", "ї": "i", "є": "e", "ґ": "g", "ў": "u", "ә": "a", "ғ": "g", "қ": "k", "ң": "n", "ө": "o",
    "ұ": "u", "ү": "u", "һ": "h",
}  # fmt: skip
# In this order: how each sound may be written, and what stands for it in a key.
_SOUNDS: Sequence[tuple[str, str]] = (
    ("shch", "š"), ("sch", "š"), ("sh", "š"), ("ch", "č"), ("zh", "ž"), ("kh", "h"), ("x", "ks"), ("tz", "c"),
    ("ts", "c"), ("tc", "c"), ("ph", "f"), ("w", "v"), ("j", "i"), ("y", "i"), ("ie", "e"), ("io", "e"),
)  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+")
_POINT = "."
_TWICE = re.compile(r"(.)\1+")


class MatchState(StrEnum):
    """What has become of an imported payment; a proposal waits for a person, as do the next two."""

    PROPOSED = "proposed"
    AMBIGUOUS = "ambiguous"
    UNMATCHED = "unmatched"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


#: What a person has yet to decide.
WAITING = (MatchState.PROPOSED, MatchState.AMBIGUOUS, MatchState.UNMATCHED)


@dataclass(frozen=True, slots=True)
class Imported:
    """A payment as a list has it; `key` is the same when it comes again."""

    key: str
    paid_on: date
    name: str
    amount: Decimal
    currency: str
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """An order that is not paid; `left`: what is missing."""

    order_id: UUID
    lead_id: UUID
    name: str
    left: Decimal
    currency: str
    made_on: date


@dataclass(frozen=True, slots=True)
class Judged:
    """What is proposed for a payment: one order, or none and those that it may be of."""

    state: MatchState
    candidates: tuple[Candidate, ...] = ()

    @property
    def proposed(self) -> Candidate | None:
        return self.candidates[0] if self.state is MatchState.PROPOSED else None


@lru_cache(maxsize=4096)
def words_of(name: str) -> tuple[str, ...]:
    """Return the words of a name, each by its sound, in the order of the alphabet; an initial ends in a point."""
    words = _WORD.findall(normalize("NFC", name).casefold())
    sounds = ((_sound(word), _POINT if len(word) == 1 else "") for word in words)
    return tuple(sorted(sound + point for sound, point in sounds if sound))


def same_person(one: str, other: str) -> bool:
    """Return whether two names may be of one person: all words of the shorter one are in the longer one.

    An initial stands for a word that begins with it. At least two words are common, and one of them is written out.
    """
    shorter, longer = sorted((words_of(one), words_of(other)), key=len)
    whole, common = 0, 0
    left = list(longer)
    for word in sorted(shorter, key=lambda each: each.endswith(_POINT)):  # an initial takes what words have left
        found = next((each for each in left if each == word), None) or _by_initial(word, left)
        if found is None:
            return False
        left.remove(found)
        common += 1
        whole += not word.endswith(_POINT) and not found.endswith(_POINT)
    return common >= _NEEDED and whole >= 1


def judge(payments: Sequence[Imported], orders: Sequence[Candidate], taken: Collection[UUID]) -> dict[str, Judged]:
    """Return what is proposed for each payment, by its key; `taken`: orders that other payments are proposed for.

    An order that two payments would be of is proposed for neither.
    """
    found = {payment.key: tuple(each for each in orders if _fits(payment, each)) for payment in payments}
    wanted = Counter(each.order_id for fitting in found.values() for each in fitting)
    return {key: _judged(fitting, wanted, taken) for key, fitting in found.items()}


def _judged(fitting: tuple[Candidate, ...], wanted: Mapping[UUID, int], taken: Collection[UUID]) -> Judged:
    if not fitting:
        return Judged(MatchState.UNMATCHED)
    only = fitting[0]
    alone = len(fitting) == 1 and wanted[only.order_id] == 1 and only.order_id not in taken
    return Judged(MatchState.PROPOSED if alone else MatchState.AMBIGUOUS, fitting[:MOST])


def _fits(payment: Imported, order: Candidate) -> bool:
    return (
        (payment.amount, payment.currency) == (order.left, order.currency)
        and order.made_on - AFTER <= payment.paid_on <= order.made_on + BEFORE
        and same_person(payment.name, order.name)
    )


def _sound(word: str) -> str:
    latin = "".join(_LATIN.get(sign, sign) for sign in word)
    plain = "".join(sign for sign in normalize("NFD", latin) if not combining(sign))
    for written, sound in _SOUNDS:
        plain = plain.replace(written, sound)
    return _TWICE.sub(r"\1", plain)


def _by_initial(word: str, words: Sequence[str]) -> str | None:
    if word.endswith(_POINT):
        return next((each for each in words if each.startswith(word.removesuffix(_POINT))), None)
    return next((each for each in words if each.endswith(_POINT) and word.startswith(each[:-1])), None)
