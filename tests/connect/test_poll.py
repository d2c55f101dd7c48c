"""Polls: one replica at a time, what is learnt commits with the cursor, and nothing is passed over."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from libs.common.connect.exchange import HttpRequest, Reply
from libs.common.connect.poll.loop import Page, PollLoop
from libs.common.connect.poll.store import Cursor, Leased, Quota, lease, make_due, put, settle
from libs.common.connect.transport import Transport
from libs.common.platform.clock import ManualClock
from libs.common.platform.db import Database, Transaction
from tests.connect.outside import Outside, http, outside, transport
from tests.support.patience import PATIENCE

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
DURATION = timedelta(seconds=5)
ALL = list(range(1, 8))


@dataclass
class Exports:
    """Asks a list from a number on, three at a time; keeps what it learnt in the database."""

    url: str
    every: timedelta = timedelta(0)
    asked: int = 0
    fall: bool = False
    gone: bool = False
    quiet: bool = False
    kinds: Sequence[str] = ("export",)

    async def open(self, leased: Leased) -> "Exports | None":
        del leased
        return None if self.gone else self

    def requests(self, cursor: Cursor) -> Sequence[HttpRequest]:
        self.asked += 1
        return [] if self.quiet else [HttpRequest("GET", f"{self.url}{cursor['after']}")]

    def read(self, replies: Sequence[Reply], cursor: Cursor) -> Page[int]:
        numbers = replies[0].json().get("numbers")
        if not isinstance(numbers, list):
            return Page((), None, "unreadable")
        return Page(numbers, {"after": numbers[-1]} if numbers else None)

    async def apply(self, tx: Transaction, leased: Leased, facts: Sequence[int]) -> None:
        for fact in facts:
            await tx.conn.execute("INSERT INTO journal (key, note) VALUES ($1, $2)", leased.name, str(fact))
        if self.fall:
            raise RuntimeError("killed before its commit")


def list_from(head: bytes) -> bytes:
    after = int(head.split()[1].removeprefix(b"/"))
    return http(orjson.dumps({"numbers": [number for number in ALL if number > after][:3]}))


@dataclass
class Polling:
    """A poll of a list outside, and loops that make it."""

    db: Database
    client: Transport
    server: Outside
    exports: Exports
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW))

    def loop(self) -> PollLoop[int]:
        return PollLoop(self.db, self.clock, self.client, self.exports, DURATION)

    async def put(self, kind: str = "export", quota: Quota | None = None) -> None:
        async with self.db.begin() as tx:
            await put(tx, "list", "demo", kind, {"after": 0}, quota)
            await tx.commit()

    async def learnt(self) -> list[int]:
        return [int(row["note"]) for row in await self.db.pool.fetch("SELECT note FROM journal ORDER BY note")]

    async def row(self, column: str) -> object:
        found: object = await self.db.pool.fetchval(f"SELECT {column} FROM poll")
        return found


@pytest.fixture
async def polling(errands_db: Database) -> AsyncIterator[Polling]:
    async with outside(list_from) as server, transport(server.place) as client:
        opened = Polling(errands_db, client, server, Exports(server.url))
        await opened.put()
        yield opened


async def test_a_list_is_read_to_its_end_and_each_thing_once(polling: Polling) -> None:
    loop = polling.loop()
    for _ in range(5):
        await loop.once()
    assert (await polling.learnt(), await polling.row("cursor")) == (ALL, {"after": 7})


async def test_what_is_learnt_and_the_cursor_commit_together(polling: Polling) -> None:
    polling.exports.fall = True
    await polling.loop().once()
    assert (await polling.learnt(), await polling.row("cursor")) == ([], {"after": 0})


async def test_a_round_that_died_is_made_again_once_its_lease_is_over(polling: Polling) -> None:
    polling.exports.fall = True
    await polling.loop().once()
    polling.exports.fall = False
    assert await polling.loop().once() == 0
    await polling.db.pool.execute("UPDATE poll SET leased_until = leased_until - interval '6 seconds'")
    await polling.loop().once()
    assert await polling.learnt() == [1, 2, 3]


async def test_replicas_that_look_at_once_learn_everything_once(polling: Polling) -> None:
    made = sum(await asyncio.gather(*(polling.loop().once() for _ in range(6))))
    assert made >= 1
    assert await polling.learnt() == ALL[: 3 * made]  # who is late enough makes the next round


async def test_a_result_after_the_lease_is_not_applied(polling: Polling) -> None:
    async with polling.db.begin() as tx:
        (first,) = await lease(tx, ["export"], 1, timedelta(0), NOW)
        (second,) = await lease(tx, ["export"], 1, DURATION, NOW)
        fenced = [await settle(tx, one, {"after": 3}, DURATION) for one in (first, second)]
    assert fenced == [False, True]


@pytest.mark.parametrize("said", [http(b""), http(b"<html>", "502 Bad"), http(b'{"numbers": [1'), None])
async def test_an_answer_that_cannot_be_used_moves_nothing_and_is_asked_for_later(
    errands_db: Database, said: bytes | None
) -> None:
    async with outside(lambda _: said) as server, transport(server.place) as client:
        polling = Polling(errands_db, client, server, Exports(server.url, timedelta(seconds=60)))
        await polling.put()
        await polling.loop().once()
        assert (await polling.row("cursor"), await polling.row("failures")) == ({"after": 0}, 1)
        assert await polling.row("due_at > clock_timestamp() + interval '50 seconds'")


async def test_a_quota_holds_until_its_period_is_over_in_business_time(errands_db: Database) -> None:
    async with outside(list_from) as server, transport(server.place) as client:
        polling = Polling(errands_db, client, server, Exports(server.url))
        await polling.put(quota=Quota(2, timedelta(hours=2)))
        before = [await polling.loop().once() for _ in range(3)]
        polling.clock.advance(timedelta(hours=2))
        after = [await polling.loop().once() for _ in range(3)]
    assert (before, after, await polling.learnt()) == ([1, 1, 0], [1, 1, 0], ALL)


async def test_a_poll_that_has_nothing_to_ask_any_more_rests(errands_db: Database) -> None:
    async with outside(list_from) as server, transport(server.place) as client:
        polling = Polling(errands_db, client, server, Exports(server.url))
        polling.exports.gone = True
        await polling.put()
        assert [await polling.loop().once() for _ in range(2)] == [1, 0]
    assert server.heard == []


async def test_calls_count_also_when_what_they_brought_could_not_be_kept(errands_db: Database) -> None:
    async with outside(list_from) as server, transport(server.place) as client:
        polling = Polling(errands_db, client, server, Exports(server.url, fall=True))
        await polling.put(quota=Quota(2, timedelta(hours=2)))
        made = []
        for _ in range(3):
            made.append(await polling.loop().once())
            await polling.db.pool.execute("UPDATE poll SET leased_until = leased_until - interval '6 seconds'")
    assert (made, len(server.heard), await polling.row("quota_left")) == ([1, 1, 0], 2, 0)


async def test_a_round_that_asks_nothing_says_nothing_of_those_that_failed(errands_db: Database) -> None:
    async with outside(lambda _: http(b"")) as server, transport(server.place) as client:
        polling = Polling(errands_db, client, server, Exports(server.url))
        await polling.put()
        for quiet in (False, True, False, True):
            polling.exports.quiet = quiet
            await polling.db.pool.execute("UPDATE poll SET due_at = clock_timestamp()")
            await polling.loop().once()
        assert (await polling.row("failures"), await polling.row("code")) == (2, "unreadable")


async def test_polls_of_other_kinds_are_left_to_their_own_loop(errands_db: Database) -> None:
    async with outside(list_from) as server, transport(server.place) as client:
        polling = Polling(errands_db, client, server, Exports(server.url))
        await polling.put("rates")
        assert (await polling.loop().once(), await polling.row("leased_until")) == (0, None)


async def test_a_poll_can_be_made_due_at_once(polling: Polling) -> None:
    polling.exports.every = timedelta(hours=1)
    await polling.loop().once()
    async with polling.db.begin() as tx:
        await make_due(tx, "list")
        await tx.commit()
    await polling.loop().once()
    assert await polling.learnt() == [1, 2, 3, 4, 5, 6]


async def test_the_loop_ends_when_it_is_asked_to(polling: Polling) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(polling.loop()(stop))
    while len(await polling.learnt()) < len(ALL):
        await asyncio.sleep(0.02)
    stop.set()
    await asyncio.wait_for(running, PATIENCE)
