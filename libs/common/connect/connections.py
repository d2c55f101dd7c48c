"""Connections that are kept for later calls.

httpcore's own pool looks at every connection, at idle ones by a system call, whenever a call begins or ends: with
hundreds of them that costs more than all the rest of a call. Here a call takes the one that was used last.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

import httpcore

Connection: TypeAlias = httpcore.AsyncConnectionInterface
Connect: TypeAlias = Callable[[httpcore.Origin], Connection]

_Place: TypeAlias = tuple[bytes, bytes, int]


class Connections:
    """At most `most` connections at once, idle ones included; each serves one call at a time."""

    def __init__(self, connect: Connect, most: int) -> None:
        self._connect = connect
        self._most = most
        self._turn = asyncio.Semaphore(most)
        self._busy = 0
        self._idle: dict[_Place, deque[Connection]] = {}  # the place that was left last is the last

    @asynccontextmanager
    async def lent(self, origin: httpcore.Origin, seconds: float) -> AsyncIterator[Connection]:
        """Lend a connection to `origin`, a new one if none is idle. Raises httpcore.PoolTimeout after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._turn.acquire()
        except TimeoutError as error:
            raise httpcore.PoolTimeout from error
        self._busy += 1
        try:
            connection = await self._taken(origin)
            try:
                yield connection
            finally:
                await self._given_back(origin, connection)
        finally:
            self._busy -= 1
            self._turn.release()

    async def close(self) -> None:
        """Close those that are idle."""
        while self._idle:
            await self._close_oldest()

    async def _taken(self, origin: httpcore.Origin) -> Connection:
        idle = self._idle.get(_place(origin), deque())
        while idle:
            connection = idle.pop()
            if not idle:
                del self._idle[_place(origin)]
            if not connection.has_expired():  # nor closed by the other side
                return connection
            await connection.aclose()
        if self._busy + self._kept > self._most:
            await self._close_oldest()
        return self._connect(origin)

    async def _given_back(self, origin: httpcore.Origin, connection: Connection) -> None:
        if connection.is_closed() or not connection.is_idle():  # one that failed to connect calls itself idle
            await connection.aclose()
            return
        place = _place(origin)
        idle = self._idle.pop(place, deque())
        idle.append(connection)
        self._idle[place] = idle

    async def _close_oldest(self) -> None:
        place = next(iter(self._idle))
        idle = self._idle[place]
        connection = idle.popleft()
        if not idle:
            del self._idle[place]
        await connection.aclose()

    @property
    def _kept(self) -> int:
        return sum(map(len, self._idle.values()))


def _place(origin: httpcore.Origin) -> _Place:
    return origin.scheme, origin.host, origin.port
