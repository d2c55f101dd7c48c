"""The course of a day: the clock goes in steps, customers do what is due, managers work what they are given."""

import heapq
import itertools
import random
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from deploy.demo.day.books import Books, Hours
from deploy.demo.day.ground import Ground
from deploy.demo.day.managers import Manager
from deploy.demo.day.script import DAY, Customer, Story
from deploy.demo.day.shop import Deal, Shop

#: The shifts of the school, in hours after the beginning of the day at 02:00 (S4.6).
SHIFTS = ((10, 17), (17, 24))
BEGINS = time(2)
#: How long a manager works at one task, on the average.
A_TASK = timedelta(minutes=5)
_TEXTS = {
    Story.WRITES_AT_NIGHT: "Здравствуйте! Хочу оплатить, но не вижу ссылки.",
    Story.COMPLAINS: "Оплатила, а письмо с доступом так и не пришло.",
    Story.WANTS_REFUND: "Хочу вернуть деньги, курс мне не подошёл.",
}


class Writes(Protocol):
    """How a customer writes in a messenger."""

    async def __call__(self, phone: str, name: str, text: str) -> None:
        """Deliver it to the messenger."""
        ...


def next_beginning(now: datetime) -> datetime:
    """Return when the next day of the school begins."""
    here = now.astimezone(ZoneInfo("Europe/Moscow"))
    begins = datetime.combine(here.date(), BEGINS, here.tzinfo)
    return begins if begins > here else begins + timedelta(days=1)


@dataclass
class Play:
    """One day on one ground.

    `managers`: by operator's id; `crews`: whose shift each of SHIFTS is, as planned; `late`: how long after its
    beginning some of them come; `write`: how customers write; `hourly`: called with the number of each hour.
    """

    ground: Ground
    shop: Shop
    books: Books
    managers: Mapping[str, Manager]
    crews: Sequence[Collection[str]]
    late: Mapping[str, timedelta]
    write: Writes
    step: timedelta
    seed: int
    begins: datetime
    hourly: Callable[[int], Awaitable[None]] | None = None
    _due: list[tuple[timedelta, int, Callable[[], Awaitable[None]]]] = field(default_factory=list)
    _order: Iterator[int] = field(default_factory=itertools.count)

    async def play(self, customers: Sequence[Customer]) -> None:
        """Play the day from its beginning on, and wait until nothing is under way."""
        self._chance = random.Random(self.seed)  # noqa: S311 - repeatable
        await self._move(timedelta())
        await self.ground.rest()
        for customer in customers:
            self._at(customer.orders_at, self._orders(customer))
        passed, hour = timedelta(), -1
        while passed <= DAY:
            await self._shifts(passed)
            await self._customers(passed)
            await self.ground.rest()
            if self.hourly and passed // timedelta(hours=1) > hour:
                hour = passed // timedelta(hours=1)
                await self.hourly(hour)
            if await self._managers():
                await self.ground.rest()
            passed = self._next(passed)
            await self._move(passed)
        await self.ground.rest()

    def promised(self, deal: Deal) -> None:
        """Let a customer who said so pay, some time after the call."""
        now = self._passed
        later = now + timedelta(minutes=self._chance.randint(20, 120))
        if later < DAY:
            self._at(later, lambda: self.shop.pay(deal))

    async def _move(self, to: timedelta) -> None:
        self._passed = to
        moment = self.begins + to
        behind = moment - await self.ground.now()
        if behind > timedelta():
            await self.ground.advance(behind)

    async def _shifts(self, passed: timedelta) -> None:
        """Who begins checks in before who ends checks out; they are not let go before that (S4.6)."""
        present = self._present(passed)
        work = {who: self.books.hours.setdefault(who, Hours()) for who in self.managers}
        coming = [who for who in work if who in present and not work[who].at_work]
        leaving = [who for who in work if who not in present and work[who].at_work]
        for who in leaving if coming else ():
            if await self.managers[who].is_let_go():
                self.books.early.add(who)
        for who in coming:
            # Noted around the call, so that what happens within it is neither before nor after.
            now = await self.ground.now()
            work[who].change(now)
            if minutes := (now - self.begins - present[who]) // timedelta(minutes=1):
                self.books.late[who] = minutes
            await self.managers[who].come()
        for who in leaving:
            await self.managers[who].leave(coming)
            work[who].change(await self.ground.now())

    def _present(self, passed: timedelta) -> dict[str, timedelta]:
        """Return who is to be at work, with the beginning of their shift."""
        found = {}
        for (first, last), crew in zip(SHIFTS, self.crews, strict=True):
            begins, ends = timedelta(hours=first), timedelta(hours=last)
            came = [who for who in crew if begins + self.late.get(who, timedelta()) <= passed < ends]
            found.update(dict.fromkeys(came, begins))
        return found

    def _next(self, passed: timedelta) -> timedelta:
        """Return the next moment to stop at; while no manager works, the next at which something happens."""
        soon = passed + self.step
        if any(hours.at_work for hours in self.books.hours.values()):
            return soon
        changes = [timedelta(hours=hour) for shift in SHIFTS for hour in shift if timedelta(hours=hour) > passed]
        acts = [self._due[0][0]] if self._due else []
        return max(soon, min([*changes, *acts], default=soon))

    async def _customers(self, passed: timedelta) -> None:
        while self._due and self._due[0][0] <= passed:
            await heapq.heappop(self._due)[2]()

    async def _managers(self) -> bool:
        """Let those at work have as many tasks as fit into a step; return whether there was any."""
        worked = False
        for _ in range(max(1, self.step // A_TASK)):
            for operator_id, manager in self.managers.items():
                if self.books.hours[operator_id].at_work:
                    worked |= await manager.work_next()
        return worked

    def _at(self, moment: timedelta, act: Callable[[], Awaitable[None]]) -> None:
        heapq.heappush(self._due, (moment, next(self._order), act))

    def _orders(self, customer: Customer) -> Callable[[], Awaitable[None]]:
        async def order() -> None:
            deal = await self.shop.order(customer, await self.ground.now())
            if customer.pays_at is not None and customer.pays_at < DAY:
                self._at(customer.pays_at, lambda: self.shop.pay(deal))
            if customer.writes_at is not None and customer.writes_at < DAY:
                self._at(customer.writes_at, lambda: self._writes(customer))
            if customer.story is Story.TWICE:
                self._at(customer.orders_at + timedelta(minutes=3), again)

        async def again() -> None:
            await self.shop.order(customer, await self.ground.now(), "-again")

        return order

    async def _writes(self, customer: Customer) -> None:
        await self.write(customer.phone, customer.name, _TEXTS[customer.story])
