"""What accepting decides without a database: signals of a number, pace, which deliveries may share a batch."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

from libs.common.phone import Phone


class Signal(StrEnum):
    """What intake recognises by itself (`libs.common.events.shared`; a test holds them equal)."""

    TEST_NUMBER = "test_number"
    FALSE_NUMBER = "false_number"
    SECOND_UNPAID_ORDER = "second_unpaid_order"


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
