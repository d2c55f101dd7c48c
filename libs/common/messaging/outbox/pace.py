"""How long the relay rests between two looks; the figures were measured."""

import asyncio

GATHER = 0.005  # seconds; lets a batch grow, which costs less in all than it delays
BUSY = 0.010
IDLE = 0.200
GROWTH = 1.3


class Pace:
    """Full batches follow at once, a busy outbox is looked at every 10 ms, an idle one ever more rarely."""

    def __init__(self, wake: asyncio.Event) -> None:
        self._wake = wake
        self._idle = BUSY

    async def rest(self, found: int, *, full: bool) -> None:
        """Wait until the next look is due or a commit was announced."""
        if full:
            return
        if found:
            self._idle = BUSY
            await asyncio.sleep(GATHER)
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
