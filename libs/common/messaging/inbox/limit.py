"""The failure limit: many failures mean a faulty release, so the consumer stops instead of parking everything."""

from collections import deque
from collections.abc import Collection

from libs.common.messaging.inbox.incoming import UNKNOWN

WINDOW = 60.0  # seconds
MOST = 50  # failures in the window
SHARE = 0.2  # of the window's events, once there are enough to judge
ENOUGH = 20  # failures from which the share counts
IN_A_ROW = 10  # keys that one type may fail for with no success between, however long that takes


class TooManyFailuresError(Exception):
    """The failure limit is reached; the event was not parked."""


class FailureLimit:
    """Counts what was applied and what was parked within the last minute, and per type since its last success."""

    def __init__(self) -> None:
        self._applied: deque[tuple[float, int]] = deque()
        self._failed: deque[float] = deque()
        self._rows: dict[str, set[str]] = {}

    def applied(self, now: float, types: Collection[str]) -> None:
        """Count applied events, by their types."""
        self._applied.append((now, len(types)))
        self._forget(now)
        if self._rows:
            for kind in {*types, UNKNOWN}:  # a record without a type can have no success
                self._rows.pop(kind, None)

    def failed(self, now: float, kind: str, key: str) -> None:
        """Note one more failure. Raises TooManyFailuresError when it is over the limit, and does not note it."""
        row = self._rows.setdefault(kind, set())
        if len(row | {key}) > IN_A_ROW:
            raise TooManyFailuresError(f"{kind} failed for {IN_A_ROW} keys in a row, and for one more")
        self._forget(now)
        failures = len(self._failed) + 1
        events = failures + sum(count for _, count in self._applied)
        if failures > MOST or (failures > ENOUGH and failures > SHARE * events):
            raise TooManyFailuresError(f"{failures} of {events} events failed within {WINDOW:.0f} s")
        self._failed.append(now)
        row.add(key)

    def _forget(self, now: float) -> None:
        while self._applied and self._applied[0][0] < now - WINDOW:
            self._applied.popleft()
        while self._failed and self._failed[0] < now - WINDOW:
            self._failed.popleft()
