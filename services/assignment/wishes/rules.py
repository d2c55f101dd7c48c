"""What operators wish of a month, and what is wrong with it."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class WishKind(StrEnum):
    """What an operator says of a shift of a day; these codes are stored. Who says nothing can."""

    PREFER = "prefer"
    CAN = "can"
    CANNOT = "cannot"


@dataclass(frozen=True, slots=True)
class Wish:
    """A wish for a shift of a day."""

    day: date
    shift: str
    wish: WishKind


@dataclass(frozen=True, slots=True)
class WishFault:
    """What is wrong with the wish at a position."""

    position: int
    field: str
    code: str


def faults(wishes: Sequence[Wish], month: date, shifts: Collection[str], today: date) -> tuple[WishFault, ...]:
    """Return all faults of the wishes for a month; `today` by the desk's clock."""
    return tuple(_faults(wishes, month, shifts, today))


def _faults(wishes: Sequence[Wish], month: date, shifts: Collection[str], today: date) -> Iterator[WishFault]:
    seen: set[tuple[date, str]] = set()
    for position, wish in enumerate(wishes):
        if wish.shift not in shifts:
            yield WishFault(position, "shift", "unknown_shift")
        if (wish.day.year, wish.day.month) != (month.year, month.month):
            yield WishFault(position, "day", "other_month")
        elif wish.day < today:
            yield WishFault(position, "day", "in_the_past")
        if (wish.day, wish.shift) in seen:
            yield WishFault(position, "shift", "named_twice")
        seen.add((wish.day, wish.shift))
