"""The loop of a connection: take the lease, connect, store frames as they come, connect again."""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from libs.common.connect.connection.store import broken, hold, leave, take, whole
from libs.common.connect.egress import Egress, ForbiddenAddressError
from libs.common.platform.clock import Clock
from libs.common.platform.db import Database, Transaction
from libs.common.platform.ids import uuid7
from libs.common.platform.telemetry.logs import get_logger
from libs.common.platform.waiting import growing, wait_for_stop

CHUNK = 64 * 1024  # bytes
MOST_PENDING = 1024 * 1024  # bytes without the end of a frame; more is no protocol of ours
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds before the line is tried again

log = get_logger(__name__)


class ConnectionBrokenError(Exception):
    """The line is down, or it speaks another protocol; `str()` says which."""


class Line(Protocol):
    """What one peer speaks, and where it is. `silence`: seconds without a byte after which the line is dead."""

    host: str
    port: int
    silence: float

    async def greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Log in. Raises ConnectionBrokenError when the peer refuses."""
        ...

    def frames(self, received: bytes) -> tuple[Sequence[bytes], bytes]:
        """Return the whole frames of what was received, and the rest. Pure; raises nothing."""
        ...

    def keepalive(self) -> bytes:
        """Return what is sent once nothing was heard for half of `silence`; empty for nothing."""
        ...


class Frames(Protocol):
    """The service's side of a connection."""

    async def store(self, tx: Transaction, frames: Sequence[bytes]) -> None:
        """Store frames as they came, in the transaction that renews the lease."""
        ...

    async def missed(self, tx: Transaction, since: datetime) -> None:
        """Let a poll fetch what came while the line was down."""
        ...


class ConnectionLoop:
    """A loop of the worker: one replica holds the line. `duration`: how long its lease holds by itself."""

    def __init__(
        self, db: Database, clock: Clock, egress: Egress, name: str, line: Line, frames: Frames,
        duration: timedelta = timedelta(seconds=15),
    ) -> None:  # fmt: skip
        self.__name__ = f"connection {name}"
        self._db, self._clock, self._egress = db, clock, egress
        self._name, self._line, self._frames = name, line, frames
        self._duration = duration
        self._holder = uuid7()

    async def __call__(self, stop: asyncio.Event) -> None:
        """Keep the line open until `stop`; then give the lease back."""
        failures = 0
        while not stop.is_set():
            if not await self._take():
                await wait_for_stop(stop, self._duration.total_seconds() / 3)
                continue
            try:
                failures = 0 if await self._hold_line(stop) else failures + 1
            except (OSError, ConnectionBrokenError, ForbiddenAddressError, asyncio.IncompleteReadError) as error:
                log.warning("connection broken", connection=self._name, reason=str(error) or type(error).__name__)
                failures += 1
            await self._leave(is_broken=not stop.is_set())
            await wait_for_stop(stop, growing(failures, FIRST_PAUSE, LONGEST_PAUSE))

    async def _hold_line(self, stop: asyncio.Event) -> bool:
        """Connect and store what comes, until `stop` or the end of the line; return whether anything came."""
        address = (await self._egress.addresses(self._line.host, self._line.port))[0]
        async with asyncio.timeout(self._line.silence):
            reader, writer = await asyncio.open_connection(address, self._line.port)
        try:
            async with asyncio.timeout(self._line.silence):
                await self._line.greet(reader, writer)
            await self._report_gap()
            return await self._read(reader, writer, stop)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, stop: asyncio.Event) -> bool:
        rest, heard = b"", False
        quiet, step = 0.0, min(self._duration.total_seconds() / 3, self._line.silence / 2)
        reading, stopping = asyncio.ensure_future(reader.read(CHUNK)), asyncio.ensure_future(stop.wait())
        try:
            while not stop.is_set():
                await asyncio.wait({reading, stopping}, timeout=step, return_when=asyncio.FIRST_COMPLETED)
                if not reading.done():
                    quiet += step
                    await self._nothing_heard(quiet, writer)
                    continue
                received, reading = reading.result(), asyncio.ensure_future(reader.read(CHUNK))
                if not received:
                    raise ConnectionBrokenError("closed by the peer")
                quiet, heard = 0.0, True
                frames, rest = self._line.frames(rest + received)
                if len(rest) > MOST_PENDING:
                    raise ConnectionBrokenError("a frame without an end")
                await self._store(frames)
            return heard
        finally:
            reading.cancel()
            stopping.cancel()

    async def _nothing_heard(self, quiet: float, writer: asyncio.StreamWriter) -> None:
        """Keep the lease, and the line. Raises ConnectionBrokenError when it has been silent for too long."""
        if quiet >= self._line.silence:
            raise ConnectionBrokenError("silence")
        writer.write(self._line.keepalive())
        await self._store(())

    async def _store(self, frames: Sequence[bytes]) -> None:
        """Store frames and renew the lease together. Raises ConnectionBrokenError when the lease is over."""
        async with self._db.begin() as tx:
            if not await hold(tx, self._name, self._holder, self._duration, len(frames)):
                raise ConnectionBrokenError("another replica holds the line")
            if frames:
                await self._frames.store(tx, frames)
            await tx.commit()

    async def _report_gap(self) -> None:
        async with self._db.begin() as tx:
            since = await whole(tx, self._name, self._holder)
            if since is not None:
                await self._frames.missed(tx, since)
            await tx.commit()

    async def _take(self) -> bool:
        async with self._db.begin() as tx:
            taken = await take(tx, self._name, self._holder, self._duration)
            await tx.commit()
        return taken

    async def _leave(self, *, is_broken: bool) -> None:
        async with self._db.begin() as tx:
            await broken(tx, self._name, self._holder, self._clock.now())
            if not is_broken:
                await leave(tx, self._name, self._holder)
            await tx.commit()
