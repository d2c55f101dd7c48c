"""The clock's interface, the real one, and the one that tests set by hand."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Business time. One object per process, injected; rules get its `now` as an argument."""

    def now(self) -> datetime: ...

    async def sleep_until(self, moment: datetime) -> None:
        """Return when business time has reached `moment`; a moved clock wakes the sleeper."""
        ...


class SystemClock:
    """Business time is real time: the only clock outside the embedded stack."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep_until(self, moment: datetime) -> None:
        """Sleep until `moment`; at once when it has passed."""
        await asyncio.sleep(max(0.0, (moment - self.now()).total_seconds()))


class ManualClock:
    """A clock that stands still until a test moves it forward."""

    def __init__(self, start: datetime) -> None:
        self._now = start
        self._moved = asyncio.Event()

    def now(self) -> datetime:
        """Return the moment that the clock was last set to."""
        return self._now

    def advance(self, delta: timedelta) -> None:
        """Move forward and wake every sleeper. Raises ValueError for a step back."""
        if delta < timedelta(0):
            raise ValueError("business time only moves forward")
        self._now += delta
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def sleep_until(self, moment: datetime) -> None:
        """Wait until the clock was moved to `moment` or past it."""
        while self._now < moment:
            await self._moved.wait()
