"""How many calls a channel may have in flight: fewer when answers stay out, again more while they come.

Whoever is slow answers nobody in time when all calls are made at once: the provider, the network or this process.
Each call would be made again until its key may not be offered any more, and its message would end as unknown though
the provider never had it. So the window is halved and grows by one per round of answers (AIMD, RFC 5681).
"""


class Window:
    """The calls of one channel in this process. `most` is what it begins with and never exceeds."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = float(most)
        self._cuts = 0
        self.inflight = 0

    @property
    def taken(self) -> int:
        """Return how many of the channel's `most` places are not free."""
        return self._most - int(self._size) + self.inflight

    def begin(self) -> int:
        """Note a call; return what `end` wants to know of its beginning."""
        self.inflight += 1
        return self._cuts

    def end(self, begun: int, *, answered: bool) -> None:
        """Note the end of a call. Calls that began before the last cut say nothing of the window since."""
        self.inflight -= 1
        if answered:
            self._size = min(self._most, self._size + 1 / self._size)
        elif begun == self._cuts:
            self._size = max(1.0, self._size / 2)
            self._cuts += 1
