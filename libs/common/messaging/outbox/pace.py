"""The relay's pauses between two polls; the figures were measured."""

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

GROWTH = 1.3
MEMORY = 0.2  # seconds after which an event counts for a third in the rate


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayIntervals:
    """The relay's pauses and limits, in seconds.

    `linger` lets a batch grow, because fewer batches cost less: it is in proportion to the rate, and whole from
    `full_rate` events a second on. Commits and a stop wake the relay; `busy` is the pause without that after a poll
    that found rows, `idle` the longest after polls that found none. A follower tries every `follow` to lead.
    An error of the bus costs a pause of `after_error`, errors of the database ever longer ones up to `longest`.
    At a stop the outbox is drained for `flush`.
    """

    linger: float = 0.030
    full_rate: float = 600.0
    busy: float = 0.100
    idle: float = 2.0
    follow: float = 1.0
    after_error: float = 0.5
    longest: float = 10.0
    flush: float = 3.0


MEASURED = RelayIntervals()


class Pace:
    """No pause after a full batch, one that grows with the rate after others, growing ones while nothing comes."""

    def __init__(
        self, wake: asyncio.Event, intervals: RelayIntervals, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._wake, self._intervals, self._clock = wake, intervals, clock
        self._idle = intervals.busy
        self._found_at, self._rate = clock(), 0.0

    async def rest(self, found: int, *, full: bool) -> None:
        """Wait until the next poll is due, or something wakes the relay."""
        self.found(found)
        if full:
            return
        if found:
            self._idle = self._intervals.busy
            await asyncio.sleep(self.linger)
        else:
            self._idle = min(self._idle * GROWTH, self._intervals.idle)
        await self._woken(self._idle)

    @property
    def linger(self) -> float:
        """Return the seconds in which the next batch may grow."""
        return self._intervals.linger * min(1.0, self._rate / self._intervals.full_rate)

    def found(self, rows: int) -> None:
        """Note how many rows a poll has found."""
        now = self._clock()
        self._rate = self._rate * math.exp((self._found_at - now) / MEMORY) + rows / MEMORY
        self._found_at = now

    async def _woken(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return
        finally:
            self._wake.clear()
