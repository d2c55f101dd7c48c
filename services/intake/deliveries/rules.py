"""What accepting decides without a database: signals of a number, pace, which deliveries may share a batch."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

from libs.common.contracts.shared import Signal
from libs.common.domain.phone import Phone


class Disposition(StrEnum):
    """What became of a delivery."""

    ACCEPTED = "accepted"
    REPEAT = "repeat"
    TEST = "test"
    QUARANTINED = "quarantined"


def is_false(phone: Phone) -> bool:
    """Return whether nobody can have this number: wrong digit count, or one digit over and over (S1.9)."""
    if not phone.valid or phone.e164 is None:
        return True
    digits = phone.e164[1:]
    return any(len(set(digits[code:])) == 1 for code in (1, 2, 3))


def signals_of(phone: Phone | None, test_prefixes: Sequence[str]) -> tuple[Signal, ...]:
    """Return what a number says about its lead: a test one (S0.7) is not also called false."""
    if phone is None:
        return ()
    digits = phone.e164[1:] if phone.e164 else "".join(c for c in phone.raw if c.isdigit())
    if digits.startswith(tuple(test_prefixes)):
        return (Signal.TEST_NUMBER,)
    return (Signal.FALSE_NUMBER,) if is_false(phone) else ()


@dataclass(frozen=True, slots=True)
class Person:
    """Whom an order or a delivery names; `phone` is E.164, `callable` whether somebody can have it."""

    name: str | None
    phone: str | None
    phone_raw: str | None
    email: str | None
    callable: bool = True


def is_another(known: Person, said: Person) -> bool:
    """Return whether a delivery under a known order's weak identifier speaks of somebody else.

    Who goes by the same name has corrected their number. Another name beside another number, or without any
    common contact, is another person; so is another contact of somebody who gave no name.
    """
    phone = _same_phone(known, said)
    email = None if known.email is None or said.email is None else known.email == said.email
    if known.name is not None and said.name is not None:
        other = phone is False if phone is not None else email is not True
        return other and not _same_name(known.name, said.name)
    return not phone and not email and ((phone is False and said.callable) or email is False)


def _same_phone(known: Person, said: Person) -> bool | None:
    if known.phone_raw is None or said.phone_raw is None:
        return None
    if known.phone is not None and said.phone is not None:
        return known.phone == said.phone
    return _digits(known.phone_raw) == _digits(said.phone_raw)


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit())


def _same_name(one: str, other: str) -> bool:
    """Return whether one name has all words of the other: `Анна` and `анна  Иванова`."""
    words = [frozenset(name.casefold().replace("ё", "е").split()) for name in (one, other)]
    return words[0] <= words[1] or words[1] <= words[0]


class HasKeys(Protocol):
    """Anything that may not meet another one with the same key in one batch."""

    @property
    def keys(self) -> frozenset[Hashable]:
        """Return what must not come twice."""
        ...


T = TypeVar("T", bound=HasKeys)


def take_batch(waiting: Iterable[T], limit: int) -> tuple[list[T], list[T]]:
    """Split into a batch of at most `limit` without common keys, and the rest in its order.

    What shares a key with something that was put off is put off too, so that nothing overtakes.
    """
    batch: list[T] = []
    rest: list[T] = []
    seen: set[Hashable] = set()
    for item in waiting:
        if len(batch) < limit and seen.isdisjoint(item.keys):
            batch.append(item)
        else:
            rest.append(item)
        seen |= item.keys
    return batch, rest


@dataclass(slots=True)
class Pace:
    """GCRA: `rate` requests per second with a burst of `burst`; times are monotonic seconds."""

    rate: int
    burst: int
    due: float = 0.0

    def take(self, now: float) -> float:
        """Count a request; return 0, or the seconds to wait when it comes too soon."""
        start = max(self.due, now)
        early = start - now - (self.burst - 1) / self.rate
        if early > 1e-9:
            return early
        self.due = start + 1 / self.rate
        return 0.0
