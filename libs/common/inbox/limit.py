"""When failures are no longer poison but a bad release: the consumer stops instead of parking everything."""

from collections import deque

WINDOW = 60.0  # seconds
MOST = 50  # failures in the window
SHARE = 0.2  # of the window's events, once there are enough to judge
ENOUGH = 20  # failures from which the share counts


class TooManyFailuresError(Exception):
    """The next failure would be one too many; nothing was parked for it."""


class FailureLimit:
    """Counts what was applied and what was parked within the last minute."""

    def __init__(self) -> None:
        self._applied: deque[tuple[float, int]] = deque()
        self._failed: deque[float] = deque()

    def applied(self, now: float, count: int) -> None:
        """Note events that went well."""
        self._applied.append((now, count))
        self._forget(now)

    def failed(self, now: float) -> None:
        """Note one more failure. Raises TooManyFailuresError when it is over the limit, and does not note it."""
        self._forget(now)
        failures = len(self._failed) + 1
        events = failures + sum(count for _, count in self._applied)
        if failures > MOST or (failures > ENOUGH and failures > SHARE * events):
            raise TooManyFailuresError(f"{failures} of {events} events failed within {WINDOW:.0f} s")
        self._failed.append(now)

    def _forget(self, now: float) -> None:
        while self._applied and self._applied[0][0] < now - WINDOW:
            self._applied.popleft()
        while self._failed and self._failed[0] < now - WINDOW:
            self._failed.popleft()
