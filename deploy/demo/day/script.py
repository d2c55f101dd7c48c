"""What a day brings: orders, and how each of their customers behaves. The same seed is the same day."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

#: The day begins when the late shift ends (S4.6).
DAY = timedelta(hours=24)
NIGHT = timedelta(hours=10)
#: How many of the orders come at night, 02:00 to 12:00 (S4.5).
_AT_NIGHT = 0.25
_MINUTE = 60


class Story(StrEnum):
    """How a customer behaves."""

    PAYS_ALONE = "pays_alone"  # within 20 minutes, as most do (S4.4)
    PAYS_LATE = "pays_late"  # at minute 22, while a manager may be about to call
    PAYS_AFTER_CALL = "pays_after_call"
    PROMISES = "promises"  # is sent the link, and does not pay today (S4.11)
    SILENT = "silent"  # never picks up
    REFUSES = "refuses"
    TWICE = "twice"  # orders a second time by mistake (S4.2)
    WRITES_AT_NIGHT = "writes_at_night"
    COMPLAINS = "complains"  # pays alone, then writes that no mail has come (S4.13)
    WANTS_REFUND = "wants_refund"  # pays alone, then writes that they want their money back (S4.14)
    SENDS_RECEIPT = "sends_receipt"  # once called pays by a transfer that GetCourse does not see (S4.9)
    TEST = "test"  # the desk's own staff trying the form


_WEIGHTS = {
    Story.PAYS_ALONE: 34,
    Story.PAYS_LATE: 8,
    Story.PAYS_AFTER_CALL: 22,
    Story.PROMISES: 8,
    Story.SILENT: 8,
    Story.REFUSES: 6,
    Story.TWICE: 4,
    Story.WRITES_AT_NIGHT: 3,
    Story.COMPLAINS: 3,
    Story.WANTS_REFUND: 2,
    Story.SENDS_RECEIPT: 4,
    Story.TEST: 2,
}
_PACKAGES = (("Курс «Голос», пакет «Базовый»", 12_000), ("Курс «Голос», пакет «С наставником»", 24_900))
_NAMES = ("Анна", "Борис", "Вера", "Глеб", "Дарья", "Егор", "Жанна", "Захар", "Инна", "Кирилл")
#: A number of this country is a test (S0.7).
_TEST_PHONE = "+97250000"


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer, their order and what they do; times are counted from the beginning of the day."""

    number: int
    story: Story
    orders_at: timedelta
    pays_at: timedelta | None
    writes_at: timedelta | None
    name: str
    phone: str
    email: str
    package: str
    price: int


def customers(count: int, seed: int) -> Sequence[Customer]:
    """Return the customers of a day, by the time of their orders; each story that fits in is among them."""
    chance = random.Random(seed)  # noqa: S311 - repeatable
    stories = list(_WEIGHTS)[:count]
    stories += chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()), k=count - len(stories))
    chance.shuffle(stories)
    made = [_customer(number, story, chance) for number, story in enumerate(stories, 1)]
    return sorted(made, key=lambda one: one.orders_at)


def _customer(number: int, story: Story, chance: random.Random) -> Customer:
    at_night = story is Story.WRITES_AT_NIGHT or chance.random() < _AT_NIGHT
    # Who orders after half past one is not worked before the day is over.
    seconds = chance.uniform(0, 9.5 * 3600) if at_night else chance.uniform(10 * 3600, 23.5 * 3600)
    orders_at = timedelta(seconds=int(seconds))
    package, price = chance.choice(_PACKAGES)
    start = _TEST_PHONE if story is Story.TEST else "+7905555"
    return Customer(
        number=number,
        story=story,
        orders_at=orders_at,
        pays_at=_pays_at(story, orders_at, chance),
        writes_at=_writes_at(story, orders_at, chance),
        name=chance.choice(_NAMES),
        phone=f"{start}{number:04d}",
        email=f"customer{number}@example.com",
        package=package,
        price=price,
    )


def _pays_at(story: Story, orders_at: timedelta, chance: random.Random) -> timedelta | None:
    match story:
        case Story.PAYS_ALONE | Story.COMPLAINS | Story.WANTS_REFUND:
            return orders_at + timedelta(seconds=chance.randint(5 * _MINUTE, 18 * _MINUTE))
        case Story.PAYS_LATE:
            return orders_at + timedelta(minutes=22)
        case _:
            return None  # never, or after a manager's link


def _writes_at(story: Story, orders_at: timedelta, chance: random.Random) -> timedelta | None:
    match story:
        case Story.COMPLAINS | Story.WANTS_REFUND:
            return orders_at + timedelta(seconds=chance.randint(25 * _MINUTE, 60 * _MINUTE))
        case Story.WRITES_AT_NIGHT:
            return orders_at + timedelta(seconds=chance.randint(_MINUTE, 10 * _MINUTE))
        case _:
            return None
