"""One look for all open streams of a process, instead of one for each; none while nothing is open."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from libs.common.platform.telemetry.logs import get_logger
from libs.common.platform.waiting import start_apart

EVERY = 0.2  # seconds

log = get_logger(__name__)


class SharedPoll:
    """Looks again and again while there are watchers. A look that fails is logged, and the next one follows."""

    def __init__(self, look: Callable[[], Awaitable[None]], seconds: float = EVERY) -> None:
        self._look = look
        self._seconds = seconds
        self._watchers = 0
        self._task: asyncio.Task[None] | None = None

    @property
    def is_looking(self) -> bool:
        return self._task is not None and not self._task.done()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look for the block at least."""
        self._watchers += 1
        if not self.is_looking:
            self._task = start_apart(self._run(), "look for streams")
        try:
            yield
        finally:
            self._watchers -= 1

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        while self._watchers:
            try:
                await self._look()
            except Exception:
                log.exception("looking for open streams failed")
            await asyncio.sleep(self._seconds)
