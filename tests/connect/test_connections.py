"""Connections that are kept: the last one used is the next, and there are never more than allowed."""

import asyncio

import httpcore
import pytest

from libs.common.connect.connections import Connections

HERE, THERE = httpcore.Origin(b"http", b"here.example", 80), httpcore.Origin(b"http", b"there.example", 80)


class Line(httpcore.AsyncConnectionInterface):
    """A connection of which only its state matters."""

    def __init__(self, origin: httpcore.Origin) -> None:
        self.origin = origin
        self.idle, self.expired, self.closed = True, False, False

    def is_idle(self) -> bool:
        return self.idle

    def has_expired(self) -> bool:
        return self.expired

    def is_closed(self) -> bool:
        return self.closed

    async def aclose(self) -> None:
        self.closed = True


class Lines:
    """What was connected, in order."""

    def __init__(self, most: int) -> None:
        self.made: list[Line] = []
        self.kept = Connections(self._connect, most)

    def _connect(self, origin: httpcore.Origin) -> Line:
        self.made.append(Line(origin))
        return self.made[-1]

    async def call(self, origin: httpcore.Origin = HERE, meanwhile: asyncio.Event | None = None) -> Line:
        async with self.kept.lent(origin, 0.05) as line:
            if meanwhile is not None:
                await meanwhile.wait()
            assert isinstance(line, Line)
            return line

    async def together(self, *origins: httpcore.Origin) -> list[Line]:
        go = asyncio.Event()
        calls = [asyncio.create_task(self.call(origin, go)) for origin in origins]
        await asyncio.sleep(0)
        go.set()
        return list(await asyncio.gather(*calls))


async def test_a_call_takes_the_connection_that_was_used_last() -> None:
    lines = Lines(4)
    *_, last = await lines.together(HERE, HERE, HERE)
    assert (await lines.call(), len(lines.made)) == (last, 3)


async def test_a_connection_serves_its_own_place_alone() -> None:
    lines = Lines(4)
    await lines.call(HERE)
    assert (await lines.call(THERE)).origin is THERE


@pytest.mark.parametrize("change", [{"expired": True}, {"idle": False}, {"closed": True}])
async def test_a_connection_that_cannot_be_used_again_is_not(change: dict[str, bool]) -> None:
    lines = Lines(4)
    async with lines.kept.lent(HERE, 0.05):
        for name, value in change.items():
            setattr(lines.made[0], name, value)
    assert await lines.call() is not lines.made[0]
    assert lines.made[0].closed


async def test_a_call_that_fails_gives_its_connection_back() -> None:
    lines = Lines(1)
    with pytest.raises(RuntimeError):
        async with lines.kept.lent(HERE, 0.05):
            raise RuntimeError
    assert await lines.call() is lines.made[0]


async def test_idle_connections_to_elsewhere_make_room_the_longest_unused_first() -> None:
    lines = Lines(2)
    first, second = await lines.together(HERE, THERE)
    await lines.call(httpcore.Origin(b"http", b"third.example", 80))
    assert (first.closed, second.closed) == (True, False)


async def test_more_calls_than_connections_wait_for_their_turn() -> None:
    lines = Lines(2)
    await asyncio.gather(*(lines.call() for _ in range(20)))
    assert len(lines.made) <= 2


async def test_who_waits_too_long_is_told_that_nothing_has_left() -> None:
    lines = Lines(1)
    async with lines.kept.lent(HERE, 0.05):
        with pytest.raises(httpcore.PoolTimeout):
            await lines.call()


async def test_closing_closes_all_that_are_idle() -> None:
    lines = Lines(4)
    kept = await lines.together(HERE, HERE, THERE)
    await lines.kept.close()
    assert all(line.closed for line in kept)
