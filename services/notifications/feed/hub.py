"""Live feeds of one process: one cheap query finds the feeds that have grown and wakes their open streams.

Streams read the table, not memory: worker and API may be different processes, and no item is missed.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from uuid import UUID

from libs.common.platform.db import Database
from libs.common.platform.telemetry.logs import get_logger
from services.notifications.feed.queries import Item, feed_of, items_after, positions

POLL = 0.2  # seconds
PAGE = 100

log = get_logger(__name__)


class FeedHub:
    """Watches the last positions of the feeds that have open streams."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._listeners: dict[UUID, set[asyncio.Event]] = {}
        self._last: dict[UUID, int] = {}
        self._poller: asyncio.Task[None] | None = None

    async def start(self, subject: str, position: int | None) -> int:
        """Return the position that a stream of the caller's own feed starts after (None: now)."""
        operator_id = await feed_of(self._db, subject)
        if operator_id is None:
            return 0
        last = (await positions(self._db, [operator_id])).get(operator_id, 0)
        return last if position is None else min(position, last)

    async def follow(self, subject: str, position: int) -> AsyncGenerator[Item, None]:
        """Yield the items of the caller's own feed after `position`, without an end."""
        operator_id = await self._until_known(subject)
        with self._listening(operator_id) as grown:
            while True:
                grown.clear()
                items = await items_after(self._db, operator_id, position, PAGE)
                for item in items:
                    yield item
                    position = item.position
                if not items:
                    await grown.wait()

    async def close(self) -> None:
        if self._poller is not None:
            self._poller.cancel()

    async def _until_known(self, subject: str) -> UUID:
        while (operator_id := await feed_of(self._db, subject)) is None:
            await asyncio.sleep(1)
        return operator_id

    @contextmanager
    def _listening(self, operator_id: UUID) -> Iterator[asyncio.Event]:
        grown = asyncio.Event()
        self._listeners.setdefault(operator_id, set()).add(grown)
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())
        try:
            yield grown
        finally:
            self._listeners[operator_id].discard(grown)
            if not self._listeners[operator_id]:
                del self._listeners[operator_id]
                self._last.pop(operator_id, None)

    async def _poll(self) -> None:
        while self._listeners:
            try:
                found = await positions(self._db, list(self._listeners))
            except Exception:
                log.exception("polling feeds failed")
                found = {}
            for operator_id, position in found.items():
                if self._last.get(operator_id) != position:
                    self._last[operator_id] = position
                    for grown in self._listeners.get(operator_id, ()):
                        grown.set()
            await asyncio.sleep(POLL)
