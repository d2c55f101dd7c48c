"""Live feeds of one process: one cheap query finds the feeds that have grown and wakes their open streams.

Streams read the table, not memory: worker and API may be different processes, and no item is missed.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager

from libs.common.platform.db import Database
from libs.common.platform.polling import SharedPoll
from services.notifications.feed.queries import GONE, NOT_KNOWN, Feed, Item, feeds_of, items_after

PAGE = 100


class FeedHub:
    """Watches the last positions of the feeds that have open streams."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._bells: dict[str, set[asyncio.Event]] = {}
        self._feeds: dict[str, Feed] = {}
        self.poll = SharedPoll(self._look)

    async def start(self, subject: str, position: int | None) -> int:
        """Return the position that a stream of the caller's own feed starts after (None: now)."""
        last = (await feeds_of(self._db, [subject])).get(subject, NOT_KNOWN).position
        return max(0, last if position is None else min(position, last))

    async def follow(self, subject: str, position: int) -> AsyncGenerator[Item, None]:
        """Yield the items of the caller's own feed after `position`, until they work here no more."""
        with self._listening(subject) as bell:
            while (known := self._feeds.get(subject, NOT_KNOWN)) is not GONE:
                bell.clear()
                if known.position <= position:
                    await bell.wait()
                    continue
                items = await items_after(self._db, known.operator_id, position, PAGE)
                for item in items:
                    yield item
                position = items[-1].position if items else known.position

    async def close(self) -> None:
        await self.poll.close()

    @contextmanager
    def _listening(self, subject: str) -> Iterator[asyncio.Event]:
        bell = asyncio.Event()
        self._bells.setdefault(subject, set()).add(bell)
        try:
            with self.poll.watched():
                yield bell
        finally:
            self._bells[subject].discard(bell)
            if not self._bells[subject]:
                del self._bells[subject]
                self._feeds.pop(subject, None)

    async def _look(self) -> None:
        for subject, found in (await feeds_of(self._db, list(self._bells))).items():
            if subject in self._bells and self._feeds.get(subject) != found:
                self._feeds[subject] = found
                for bell in self._bells[subject]:
                    bell.set()
