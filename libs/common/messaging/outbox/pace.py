"""The relay's pauses between two polls; the figures were measured."""

import asyncio

LINGER = 0.005  # seconds; lets a batch grow: fewer batches cost less than the delay
BUSY = 0.010
IDLE = 0.200
GROWTH = 1.3


class Pace:
    """No pause after a full batch, 10 ms while the outbox is busy, growing pauses while it is idle."""

    def __init__(self, wake: asyncio.Event) -> None:
        self._wake = wake
        self._idle = BUSY

    async def rest(self, found: int, *, full: bool) -> None:
        """Wait until the next poll is due or a commit wakes the relay."""
        if full:
            return
        if found:
            self._idle = BUSY
            await asyncio.sleep(LINGER)
        else:
            self._idle = min(self._idle * GROWTH, IDLE)
        await self._woken(self._idle)

    async def _woken(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return
        finally:
            self._wake.clear()
