"""The loop of polls: lease, ask outside any transaction, apply what was learnt with the cursor behind it."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, Protocol, TypeVar

from libs.common.connect.exchange import HttpRequest, Lost, Reply
from libs.common.connect.poll.store import Cursor, Leased, lease, renew, settle, spend
from libs.common.connect.transport import Transport
from libs.common.platform.clock import Clock
from libs.common.platform.db import Database, Transaction
from libs.common.platform.telemetry.logs import get_logger
from libs.common.platform.waiting import growing
from libs.common.platform.worker import Watch

F = TypeVar("F")
F_co = TypeVar("F_co", covariant=True)

TOGETHER = 8  # polls at once
IDLE = 1.0  # seconds between looks at an idle table
LONGEST = 3600.0  # seconds between rounds that fail

log = get_logger(__name__)


@dataclass(frozen=True)
class Page(Generic[F_co]):
    """What a round has learnt, and where the next begins (`more`: at once). `code`: why it learnt nothing.

    `under_way`: it neither learnt nor failed, as when an answer is yet to come; what failed before still does.
    `apart`: each fact is applied in a transaction of its own, the last one with the cursor. After a kill all come
    again, so those that were applied must be no news then.
    """

    facts: Sequence[F_co]
    cursor: Cursor | None
    code: str = ""
    more: bool = False
    under_way: bool = False
    apart: bool = False


class Poll(Protocol[F_co]):
    """One round, pure: what to ask, and what was answered."""

    @property
    def every(self) -> timedelta:
        """How long until the next round."""
        ...

    def requests(self, cursor: Cursor) -> Sequence[HttpRequest]:
        """Return what is to be asked now; none ends the round, and what is over the quota is left out."""
        ...

    def read(self, replies: Sequence[Reply], cursor: Cursor) -> Page[F_co]:
        """Read the answers, of any shape. Raises nothing."""
        ...


class Polls(Protocol[F]):
    """What a service says of its polls of some kinds; those of others are another loop's."""

    @property
    def kinds(self) -> Collection[str]:
        """The kinds of polls that are made."""
        ...

    async def open(self, leased: Leased) -> Poll[F] | None:
        """Return the round of a leased row; None when there is nothing to ask, and nothing fails any more."""
        ...

    async def apply(self, tx: Transaction, leased: Leased, facts: Sequence[F]) -> None:
        """Apply what was learnt, in the transaction that moves the cursor."""
        ...


class PollLoop(Generic[F]):
    """A loop of the worker. `duration`: how long a lease holds; more than all calls of a round may take.

    `watch`: how it waits for polls to be due; else it looks every second.
    """

    __name__ = "polls"

    def __init__(
        self, db: Database, clock: Clock, transport: Transport, polls: Polls[F], duration: timedelta,
        watch: Watch | None = None,
    ) -> None:  # fmt: skip
        self._db, self._clock, self._transport = db, clock, transport
        self._polls, self._duration = polls, duration
        self._watch = watch or Watch(IDLE)

    async def __call__(self, stop: asyncio.Event) -> None:
        """Poll until `stop`."""
        while not stop.is_set():
            self._watch.begin()
            if not await self.once():
                await self._watch.wait(stop)

    async def once(self) -> int:
        """Make one round of each poll that is due; return how many there were."""
        async with self._db.begin() as tx:
            leased = await lease(tx, self._polls.kinds, TOGETHER, self._duration, self._clock.now())
            await tx.commit()
        async with asyncio.TaskGroup() as group:
            for one in leased:
                group.create_task(self._round(one))
        return len(leased)

    async def _round(self, leased: Leased) -> None:
        try:
            await self._ask(leased)
        except Exception as error:  # one must not end the others; it is tried again when its lease is over
            log.exception("poll failed", poll=leased.name, error_type=type(error).__name__)

    async def _ask(self, leased: Leased) -> None:
        poll = await self._polls.open(leased)
        requests = [] if poll is None else poll.requests(leased.cursor)[: leased.left]
        if poll is None or not requests:
            every = timedelta(seconds=LONGEST) if poll is None else poll.every
            await self._settle(leased, Page((), None, under_way=poll is not None), every)
            return
        if not await self._spent(leased, len(requests)):
            return  # another process has the lease
        answered = [await self._transport.call(request) for request in requests]
        lost = next((one for one in answered if isinstance(one, Lost)), None)
        replies = [one for one in answered if isinstance(one, Reply)]
        page = Page[F]((), None, lost.code) if lost else poll.read(replies, leased.cursor)
        pause = timedelta(seconds=growing(leased.failures, poll.every.total_seconds(), LONGEST))
        delay = pause if page.code else timedelta(0) if page.more else poll.every
        await self._settle(leased, page, delay)

    async def _spent(self, leased: Leased, calls: int) -> bool:
        """Count calls before they are made, by themselves: they count also when what they bring is lost."""
        if leased.left is None:
            return True
        async with self._db.begin() as tx:
            ours = await spend(tx, leased, calls)
            await tx.commit()
        return ours

    async def _settle(self, leased: Leased, page: Page[F], delay: timedelta) -> None:
        facts = page.facts
        if page.apart:
            for number in range(len(facts) - 1):
                if not await self._apply_one(leased, facts[number]):
                    return
            facts = facts[-1:]
        async with self._db.begin() as tx:
            if not await settle(tx, leased, page.cursor, delay, page.code, under_way=page.under_way):
                return  # another process has the lease: it learns the same, from the same cursor
            await self._polls.apply(tx, leased, facts)
            await tx.commit()

    async def _apply_one(self, leased: Leased, fact: F) -> bool:
        """Apply one of several facts; False when another process has the lease by now."""
        async with self._db.begin() as tx:
            if not await renew(tx, leased, self._duration):
                return False
            await self._polls.apply(tx, leased, [fact])
            await tx.commit()
        return True
