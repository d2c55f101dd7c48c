"""The low watermark: an empty poll stays cheap over dead rows, and no unsent row is below it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from libs.common.messaging import outbox
from libs.common.messaging.outbox.low_watermark import LowWatermark, Session
from libs.common.platform.db import Database
from libs.common.testkit.messaging import emit, eventually, status_event

POLL = "EXPLAIN (ANALYZE, BUFFERS) SELECT * FROM outbox WHERE id > $1 ORDER BY id LIMIT 1000"


async def settle(watermark: LowWatermark, conn: Session, first_unsent: int | None = None) -> None:
    """Note and confirm; a transaction in any database of the server may hold the confirmation up for a moment."""
    assert await watermark.confirmed(conn) is None
    await confirm(watermark, conn, first_unsent)


async def confirm(watermark: LowWatermark, conn: Session, first_unsent: int | None = None) -> None:
    """Confirm what was noted."""
    await eventually(lambda: _raised(watermark, conn, first_unsent))


async def _raised(watermark: LowWatermark, conn: Session, first_unsent: int | None) -> bool:
    confirmed = await watermark.confirmed(conn)
    if confirmed is not None:
        watermark.raise_to(confirmed, first_unsent)
    return confirmed is not None


async def test_an_empty_outbox_raises_the_watermark_to_its_last_id(messaging_db: Database) -> None:
    await emit(messaging_db, [status_event("a", f"{number}") for number in range(5)])
    watermark = LowWatermark()
    async with messaging_db.pool.acquire() as conn:
        await settle(watermark, conn)
    assert watermark.value == 5


async def test_what_has_not_moved_is_confirmed_at_once(messaging_db: Database) -> None:
    """The relay asks again and again until it is, also where nothing was ever sent."""
    watermark = LowWatermark()
    async with messaging_db.pool.acquire() as conn:
        assert await watermark.confirmed(conn) == 0
        await emit(messaging_db, [status_event("a", "1")])
        await settle(watermark, conn)
        assert await watermark.confirmed(conn) == watermark.value == 1


async def test_the_watermark_stays_below_the_first_unsent_row(messaging_db: Database) -> None:
    await emit(messaging_db, [status_event("a", f"{number}") for number in range(5)])
    watermark = LowWatermark()
    async with messaging_db.pool.acquire() as conn:
        await settle(watermark, conn, first_unsent=3)
    assert watermark.value == 2


async def test_a_transaction_that_drew_an_id_and_still_runs_holds_the_watermark_down(
    messaging_db: Database,
) -> None:
    watermark = LowWatermark()
    async with messaging_db.begin() as slow, messaging_db.pool.acquire() as conn:
        await outbox.add(slow, [status_event("slow", "1")])
        await emit(messaging_db, [status_event("fast", "2")])
        assert [await watermark.confirmed(conn) for _ in range(2)] == [None, None]
        await slow.commit()
        await confirm(watermark, conn)
    assert watermark.value == 2


@pytest.mark.parametrize("dead", [30_000])
async def test_an_empty_poll_does_not_walk_over_dead_rows(messaging_db: Database, dead: int) -> None:
    insert = """INSERT INTO outbox (event_id, type, key, sequence, desk, time, correlation_id, body)
        SELECT uuidv7(), 't', 'k', 1, 'd', now(), uuidv7(), 'b' FROM generate_series(1, $1)"""
    watermark = LowWatermark()
    async with _pinned_snapshot(messaging_db), messaging_db.pool.acquire() as conn:
        await conn.execute(insert, dead)
        await conn.execute("DELETE FROM outbox")
        await settle(watermark, conn)
        plan = await conn.fetch(POLL, watermark.value)
    assert watermark.value == dead
    assert _buffers("\n".join(row[0] for row in plan)) < 20


def _buffers(plan: str) -> int:
    return int(plan.split("shared hit=")[1].split(maxsplit=1)[0])


@asynccontextmanager
async def _pinned_snapshot(db: Database) -> AsyncIterator[None]:
    async with db.pool.acquire() as pin, pin.transaction(isolation="repeatable_read", readonly=True):
        await pin.fetchval("SELECT count(*) FROM outbox")
        yield
