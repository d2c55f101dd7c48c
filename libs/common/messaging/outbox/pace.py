"""The relay's pauses between two polls; the figures were measured."""

import asyncio
from dataclasses import dataclass

GROWTH = 1.3


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayIntervals:
    """The relay's pauses and limits, in seconds.

    `linger` lets a batch grow: fewer batches cost less than the delay. `busy` is the pause after a poll that found
    rows, `idle` the longest after polls that found none. A follower tries every `follow` to become the leader.
    An error of the bus costs a pause of `after_error`, errors of the database ever longer ones up to `longest`.
    At a stop the outbox is drained for `flush`.
    """

    linger: float = 0.005
    busy: float = 0.010
    idle: float = 0.200
    follow: float = 1.0
    after_error: float = 0.5
    longest: float = 10.0
    flush: float = 3.0


MEASURED = RelayIntervals()


class Pace:
    """No pause after a full batch, a short one while the outbox is busy, growing ones while it is idle."""

    def __init__(self, wake: asyncio.Event, intervals: RelayIntervals) -> None:
        self._wake, self._intervals = wake, intervals
        self._idle = intervals.busy

    async def rest(self, found: int, *, full: bool) -> None:
        """Wait until the next poll is due or a commit wakes the relay."""
        if full:
            return
        if found:
            self._idle = self._intervals.busy
            await asyncio.sleep(self._intervals.linger)
        else:
            self._idle = min(self._idle * GROWTH, self._intervals.idle)
        await self._woken(self._idle)

    async def _woken(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return
        finally:
            self._wake.clear()
