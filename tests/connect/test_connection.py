"""A connection: one replica holds the line, every frame is stored once, a gap is reported, silence is death."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from libs.common.connect.connection.loop import ConnectionBrokenError, ConnectionLoop
from libs.common.connect.connection.store import put
from libs.common.connect.egress import Egress
from libs.common.platform.clock import ManualClock
from libs.common.platform.db import Database, Transaction
from libs.common.testkit.messaging import eventually
from tests.support.patience import PATIENCE

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
NAME = "pbx"


class Exchange:
    """A telephone exchange that says numbered lines to whoever has logged in."""

    def __init__(self) -> None:
        self.lines: list[asyncio.StreamWriter] = []
        self.said = 0
        self.port = 0
        self.refuses = False
        self.pings = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\n")
            if self.refuses:
                writer.close()
                return
            writer.write(b"welcome\n")
            self.lines.append(writer)
            while await reader.read(100):
                self.pings += 1
        if writer in self.lines:
            self.lines.remove(writer)
        writer.close()

    def say(self, count: int = 1) -> None:
        for _ in range(count):
            self.said += 1
            for line in self.lines:
                line.write(f"call {self.said}\n".encode())

    def hang_up(self) -> None:
        for line in list(self.lines):
            line.close()


class Lines:
    """One text per line, after a word of welcome."""

    host = "127.0.0.1"

    def __init__(self, port: int, silence: float = 5.0) -> None:
        self.port, self.silence = port, silence

    async def greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"login\n")
        if await reader.readline() != b"welcome\n":
            raise ConnectionBrokenError("login refused")

    def frames(self, received: bytes) -> tuple[Sequence[bytes], bytes]:
        *whole, rest = received.split(b"\n")
        return whole, rest

    def keepalive(self) -> bytes:
        return b"ping\n"


class Stored:
    """The frames and gaps of a service, in its database."""

    def __init__(self) -> None:
        self.gaps: list[datetime] = []

    async def store(self, tx: Transaction, frames: Sequence[bytes]) -> None:
        for frame in frames:
            await tx.conn.execute("INSERT INTO journal (key, note) VALUES ($1, $2)", NAME, frame.decode())

    async def missed(self, tx: Transaction, since: datetime) -> None:
        self.gaps.append(since)


class Desk:
    """An exchange, and replicas that want its line."""

    def __init__(self, db: Database, exchange: Exchange) -> None:
        self.db, self.exchange, self.stored = db, exchange, Stored()
        self.clock = ManualClock(NOW)

    @contextlib.asynccontextmanager
    async def replica(self, silence: float = 5.0, allow: bool = True) -> AsyncIterator[asyncio.Task[None]]:
        egress = Egress(f"127.0.0.1:{self.exchange.port}" if allow else "")
        line = Lines(self.exchange.port, silence)
        loop = ConnectionLoop(self.db, self.clock, egress, NAME, line, self.stored, timedelta(seconds=1.5))
        stop = asyncio.Event()
        running = asyncio.create_task(loop(stop))
        try:
            yield running
        finally:
            stop.set()
            await asyncio.wait({running}, timeout=3)

    async def frames(self) -> list[str]:
        rows = await self.db.pool.fetch("SELECT note FROM journal ORDER BY length(note), note")
        return [row["note"] for row in rows]

    async def until(self, good: Callable[[], Awaitable[bool]]) -> None:
        await eventually(good, PATIENCE)

    async def connected(self) -> bool:
        return bool(self.exchange.lines)

    async def has_all(self) -> bool:
        return len(await self.frames()) >= self.exchange.said


@pytest.fixture
async def desk(errands_db: Database) -> AsyncIterator[Desk]:
    exchange = Exchange()
    server = await asyncio.start_server(exchange.serve, "127.0.0.1", 0)
    exchange.port = server.sockets[0].getsockname()[1]
    async with errands_db.begin() as tx:
        await put(tx, NAME, "demo")
        await tx.commit()
    yield Desk(errands_db, exchange)
    server.close()


async def test_what_comes_over_the_line_is_stored_in_its_order(desk: Desk) -> None:
    async with desk.replica():
        await desk.until(desk.connected)
        desk.exchange.say(20)
        await desk.until(desk.has_all)
    assert await desk.frames() == [f"call {number}" for number in range(1, 21)]


async def test_several_replicas_keep_one_line_and_store_each_frame_once(desk: Desk) -> None:
    async with desk.replica(), desk.replica(), desk.replica():
        await desk.until(desk.connected)
        await asyncio.sleep(0.6)
        lines = len(desk.exchange.lines)
        desk.exchange.say(5)
        await desk.until(desk.has_all)
    assert (lines, len(await desk.frames())) == (1, 5)


async def test_another_replica_takes_the_line_of_one_that_dies(desk: Desk) -> None:
    async with desk.replica() as first, desk.replica():
        await desk.until(desk.connected)
        first.cancel()
        await asyncio.wait({first})
        desk.exchange.hang_up()
        await desk.until(desk.connected)
        desk.exchange.say()
        await desk.until(desk.has_all)
    assert await desk.frames() == ["call 1"]


async def test_a_line_that_breaks_is_opened_again_and_the_gap_is_reported(desk: Desk) -> None:
    async with desk.replica():
        await desk.until(desk.connected)
        desk.exchange.hang_up()
        await eventually(lambda: _true(not desk.exchange.lines), 5)
        desk.clock.advance(timedelta(minutes=1))
        await desk.until(desk.connected)
        await eventually(lambda: _true(bool(desk.stored.gaps)), 5)
    assert desk.stored.gaps[0] in (NOW, NOW + timedelta(minutes=1))


async def test_a_stop_leaves_the_line_to_the_next_at_once_and_the_time_between_is_a_gap(desk: Desk) -> None:
    async with desk.replica():
        await desk.until(desk.connected)
    async with desk.replica():
        await desk.until(desk.connected)
        await eventually(lambda: _true(bool(desk.stored.gaps)), 5)
    assert desk.stored.gaps == [NOW]


async def test_a_silent_line_is_kept_awake_and_then_taken_for_dead(desk: Desk) -> None:
    async with desk.replica(silence=0.8):
        await desk.until(desk.connected)
        first = desk.exchange.lines[0]
        await eventually(lambda: _true(first not in desk.exchange.lines), 5)
    assert desk.exchange.pings


async def test_a_peer_that_refuses_the_login_is_tried_again(desk: Desk) -> None:
    desk.exchange.refuses = True
    async with desk.replica():
        await asyncio.sleep(0.3)
        desk.exchange.refuses = False
        await desk.until(desk.connected)
    assert await desk.frames() == []


async def test_a_line_to_a_forbidden_address_is_never_opened(desk: Desk) -> None:
    async with desk.replica(allow=False):
        await asyncio.sleep(0.5)
        assert desk.exchange.lines == []


async def test_a_frame_is_not_stored_once_another_replica_holds_the_line(desk: Desk) -> None:
    async with desk.replica():
        await desk.until(desk.connected)
        await desk.db.pool.execute("UPDATE connection SET holder = gen_random_uuid(), held_until = 'infinity'")
        desk.exchange.say()
        await eventually(lambda: _true(not desk.exchange.lines), 5)
    assert await desk.frames() == []


async def _true(value: bool) -> bool:
    return value
