"""A movable clock for all processes of an embedded stack: an offset in a mapped file.

The file holds one signed 64-bit number of microseconds. Reading it costs no system call, so that
`now()` is as cheap as the real clock; sleepers check every 50 ms.
"""

import asyncio
import fcntl
import mmap
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path

_OFFSET = struct.Struct("<q")
_LOOK_AGAIN = 0.05  # seconds until a sleeper notices `POST /dev/clock`


class SharedClock:
    """Real time plus an offset that every process of the stack shares; it only grows."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        with path.open("a+b") as file:
            if path.stat().st_size < _OFFSET.size:
                file.truncate(_OFFSET.size)
            self._map = mmap.mmap(file.fileno(), _OFFSET.size)

    @property
    def offset(self) -> timedelta:
        """Return the offset of business time from real time."""
        (microseconds,) = _OFFSET.unpack_from(self._map)
        return timedelta(microseconds=microseconds)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def advance(self, delta: timedelta) -> datetime:
        """Move all processes forward and return the new moment. Raises ValueError for a step back."""
        if delta < timedelta(0):
            raise ValueError("business time only moves forward")
        with self._path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # given back when the file is closed
            _OFFSET.pack_into(self._map, 0, (self.offset + delta) // timedelta(microseconds=1))
        return self.now()

    async def sleep_until(self, moment: datetime) -> None:
        """Sleep until shared business time has reached `moment`."""
        while (left := (moment - self.now()).total_seconds()) > 0:
            await asyncio.sleep(min(left, _LOOK_AGAIN))

    def close(self) -> None:
        self._map.close()
