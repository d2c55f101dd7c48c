"""Live changes of one process: one poll reads what changed, and all open streams share what it read.

A stream is a place and a bell. Who is slower than what the hub remembers reads the table: nothing is kept for them.
"""

import asyncio
import time
from bisect import bisect_right
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from libs.common.platform.db import Database
from libs.common.platform.polling import SharedPoll
from services.tasks.live.convert import Change
from services.tasks.live.queries import NOBODY, Page, changes_after, horizon, read_operators
from services.tasks.live.rules import Cursor, Me
from services.tasks.playbooks.cache import PlaybookCache

REMEMBERED = 1000  # changes
REFRESH = 1.0  # seconds after which operators are read anew when nothing has changed
_BY_PLACE: Callable[[Change], Cursor] = attrgetter("cursor")


class Step(NamedTuple):
    """What a stream is given: changes in order, the place behind them, and the operator as they are now."""

    changes: Sequence[Change]
    end: Cursor
    me: Me


class TaskHub:
    """What all open streams of the process share. `now` is the business time."""

    def __init__(self, db: Database, playbooks: PlaybookCache, now: Callable[[], datetime]) -> None:
        self._db = db
        self._playbooks = playbooks
        self._now = now
        self._bells: dict[asyncio.Event, str | None] = {}
        self._operators: dict[str, Me] = {}
        self._refreshed = 0.0
        # What is remembered: everything behind `_from`, up to `_end`. None: nothing is yet.
        self._changes: list[Change] = []
        self._from = Cursor(0, 0)
        self._end: Cursor | None = None
        self.poll = SharedPoll(self._look)

    async def start(self, place: Cursor | None) -> Cursor:
        """Return the place that a stream starts behind (None: now); what lies ahead of now is now."""
        now = await horizon(self._db)
        return now if place is None else min(place, now)

    async def follow(self, subject: str | None, place: Cursor) -> AsyncGenerator[Step, None]:
        """Yield what changed behind `place`, without an end; `subject` names an operator by their token.

        The last step of an operator who works here no more says so: then there is an end.
        """
        with self._listening(subject) as bell:
            me = NOBODY if subject is None else (await self._read_operators({subject}))[subject]
            while not me.dismissed:
                bell.clear()
                page = await self._after(place)
                if page.changes:
                    yield Step(page.changes, page.end, me)
                place = page.end
                if page.is_last:
                    await bell.wait()
                me = NOBODY if subject is None else self._operators[subject]
            yield Step((), place, me)

    async def close(self) -> None:
        await self.poll.close()

    @contextmanager
    def _listening(self, subject: str | None) -> Iterator[asyncio.Event]:
        bell = asyncio.Event()
        if not self._bells:  # what is remembered was read long ago
            self._end = None
        self._bells[bell] = subject
        try:
            with self.poll.watched():
                yield bell
        finally:
            del self._bells[bell]

    async def _after(self, place: Cursor) -> Page:
        if self._end is None or place < self._from:
            return await changes_after(self._db, self._playbooks, place, self._now())
        found = self._changes[bisect_right(self._changes, place, key=_BY_PLACE) :]
        return Page(found, max(place, self._end), is_last=True)

    async def _look(self) -> None:
        if self._end is None:
            await self._begin()
        fresh = await self._read()
        if fresh or time.monotonic() - self._refreshed >= REFRESH:
            before = dict(self._operators)
            await self._read_operators({subject for subject in self._bells.values() if subject is not None})
            self._refreshed = time.monotonic()
            fresh = fresh or before != self._operators
        if fresh:
            self._ring()

    async def _read_operators(self, subjects: Set[str]) -> Mapping[str, Me]:
        """Learn what operators see by now, and forget those who follow no more."""
        found = await read_operators(self._db, subjects)
        self._operators.update({subject: found.get(subject, NOBODY) for subject in subjects})
        for subject in self._operators.keys() - self._bells.values():
            del self._operators[subject]
        return self._operators

    async def _begin(self) -> None:
        """Forget what was read long ago; who came meanwhile looks once more."""
        self._changes.clear()
        self._from = self._end = await horizon(self._db)
        self._ring()

    async def _read(self) -> bool:
        """Remember what changed since the last look; return whether something did."""
        found = False
        while self._end is not None:
            page = await changes_after(self._db, self._playbooks, self._end, self._now())
            self._remember(page)
            found = found or bool(page.changes)
            if page.is_last:
                break
        return found

    def _remember(self, page: Page) -> None:
        self._changes += page.changes
        if (surplus := len(self._changes) - REMEMBERED) > 0:
            self._from = self._changes[surplus - 1].cursor
            del self._changes[:surplus]
        self._end = page.end

    def _ring(self) -> None:
        for bell in self._bells:
            bell.set()
