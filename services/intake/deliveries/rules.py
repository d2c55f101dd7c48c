"""Decisions without a database: signals of a number, rate limit, same customer or not, which rows share a batch."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

from libs.common.contracts.shared import Signal
from libs.common.domain.phone import Phone


class Disposition(StrEnum):
    """The result of a delivery."""

    ACCEPTED = "accepted"
    REPEAT = "repeat"
    TEST = "test"
    NOTED = "noted"  # understood, and nothing of ours to change: a ping, a report of what we know
    QUARANTINED = "quarantined"


def disposition_of(results: Sequence[Disposition]) -> Disposition:
    """Return the result of a delivery by those of its parts: what changed something counts most."""
    ranked = (Disposition.ACCEPTED, Disposition.TEST, Disposition.REPEAT)
    return next((each for each in ranked if each in results), Disposition.NOTED)


class DeliveryKind(StrEnum):
    """What a delivery speaks of; one may speak of several things."""

    ORDER = "order"
    CONTACT = "contact"
    MESSAGE = "message"
    PAYMENT = "payment"
    APPOINTMENT = "appointment"
    DOCUMENT = "document"
    STOCK = "stock"
    PING = "ping"


def is_false(phone: Phone) -> bool:
    """Return whether the number is impossible: wrong digit count, or the same digit throughout (S1.9)."""
    if not phone.valid or phone.e164 is None:
        return True
    digits = phone.e164[1:]
    return any(len(set(digits[code:])) == 1 for code in (1, 2, 3))


def signals_of(phone: Phone | None, test_prefixes: Sequence[str]) -> tuple[Signal, ...]:
    """Return the signals of a number; a test number (S0.7) is not also reported as false."""
    if phone is None:
        return ()
    digits = phone.e164[1:] if phone.e164 else "".join(c for c in phone.raw if c.isdigit())
    if digits.startswith(tuple(test_prefixes)):
        return (Signal.TEST_NUMBER,)
    return (Signal.FALSE_NUMBER,) if is_false(phone) else ()


@dataclass(frozen=True, slots=True)
class Customer:
    """The customer that an order or a delivery names; `phone` is E.164, `callable`: it is a possible number."""

    name: str | None
    phone: str | None
    phone_raw: str | None
    email: str | None
    callable: bool = True


def is_another(known: Customer, said: Customer) -> bool:
    """Return whether a delivery with a known order's weak identifier names another customer.

    The same name with another number is a corrected number. Another name with another number, or without a common
    contact, is another customer. Without a name, another contact is another customer.
    """
    phone = _same_phone(known, said)
    email = None if known.email is None or said.email is None else known.email == said.email
    if known.name is not None and said.name is not None:
        other = phone is False if phone is not None else email is not True
        return other and not _same_name(known.name, said.name)
    return not phone and not email and ((phone is False and said.callable) or email is False)


def _same_phone(known: Customer, said: Customer) -> bool | None:
    if known.phone_raw is None or said.phone_raw is None:
        return None
    both = known.phone is not None and said.phone is not None
    same = known.phone == said.phone if both else _digits(known.phone_raw) == _digits(said.phone_raw)
    # A number that cannot be one says nothing against one that comes later.
    return same if same or known.callable else None


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit())


def _same_name(one: str, other: str) -> bool:
    """Return whether one name has all words of the other: `Анна` and `анна  Иванова`."""
    words = [frozenset(name.casefold().replace("ё", "е").split()) for name in (one, other)]
    return words[0] <= words[1] or words[1] <= words[0]


class HasKeys(Protocol):
    """An item with keys; two items with a common key never share a batch."""

    @property
    def keys(self) -> frozenset[Hashable]: ...


T = TypeVar("T", bound=HasKeys)


def take_batch(waiting: Iterable[T], limit: int) -> tuple[list[T], list[T]]:
    """Split into a batch of at most `limit` without common keys, and the rest in its order.

    An item that shares a key with one left out is left out too, so that the order per key is kept.
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
