"""Callbacks that come while others are being committed are stored together; each is answered after its commit."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from libs.common.platform.db import Database
from libs.common.platform.db.errors import is_contention, is_transient
from libs.common.platform.waiting import start_apart
from services.notifications.webhooks.store import Body, store_bodies

MOST = 1000  # reports in one transaction; a body with more is stored alone


@dataclass(slots=True, eq=False)
class _Waiting:
    body: Body
    done: "asyncio.Future[None]"


class CallbackQueue:
    """Stores bodies, one transaction at a time; one per process. It needs no pause: a batch forms meanwhile."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._queue: deque[_Waiting] = deque()
        self._storing: asyncio.Task[None] | None = None

    async def store(self, body: Body) -> None:
        """Store a body and return when it is committed. Raises the driver's errors."""
        waiting = _Waiting(body, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        if self._storing is None:
            self._storing = start_apart(self._store_all(), "callbacks")
        await waiting.done

    async def _store_all(self) -> None:
        try:
            while self._queue:
                await self._settle(self._next())
        finally:
            self._storing = None

    def _next(self) -> Sequence[_Waiting]:
        batch = [self._queue.popleft()]
        room = MOST - batch[0].body.size
        while self._queue and self._queue[0].body.size <= room:
            room -= self._queue[0].body.size
            batch.append(self._queue.popleft())
        return batch

    async def _settle(self, batch: Sequence[_Waiting]) -> None:
        """Store a batch; one body that the database refuses must not fail the others."""
        try:
            await store_bodies(self._db, [waiting.body for waiting in batch])
        except Exception as error:  # noqa: BLE001 - each request needs an answer
            if len(batch) == 1 or (is_transient(error) and not is_contention(error)):
                for waiting in batch:
                    _answer(waiting, error)
                return
            for waiting in batch:
                await self._settle([waiting])
            return
        for waiting in batch:
            _answer(waiting)


def _answer(waiting: _Waiting, error: Exception | None = None) -> None:
    if waiting.done.done():  # the provider has hung up
        return
    if error is None:
        waiting.done.set_result(None)
    else:
        waiting.done.set_exception(error)
