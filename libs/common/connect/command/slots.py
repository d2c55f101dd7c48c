"""Send slots: how many calls of a channel may run at once; fewer while answers are missing, more as they return.

A slow provider, network or process answers no call in time when all are made at once. Each call would then be
repeated until its key expires, and its message would end as unknown though the provider never had it. So the number
of slots is halved when answers are missing and grows by one per round of answers (AIMD, RFC 5681).
"""


class SendSlots:
    """The send slots of one channel in this process: `limit` at the start and at most."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = float(limit)
        self._cuts = 0
        self.in_flight = 0

    @property
    def busy(self) -> int:
        """Return how many of the channel's `limit` slots are not free."""
        return self._limit - int(self._size) + self.in_flight

    def acquire(self) -> int:
        """Take a slot for a call; return the token that `release` needs."""
        self.in_flight += 1
        return self._cuts

    def release(self, token: int, *, answered: bool) -> None:
        """Free the slot of a call. Unanswered calls that began before the last cut do not cause another."""
        self.in_flight -= 1
        if answered:
            self._size = min(self._limit, self._size + 1 / self._size)
        elif token == self._cuts:
            self._size = max(1.0, self._size / 2)
            self._cuts += 1
