"""The inbox's days: made ahead, taken over from the default partition, dropped when they are old."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from libs.common.messaging.inbox import partitions as inbox_partitions
from libs.common.messaging.inbox.incoming import Incoming
from libs.common.messaging.inbox.partitions import maintain_inbox
from libs.common.platform.db import Database
from libs.common.testkit.database import BLOCKED
from libs.common.testkit.memory_bus import MemoryBus
from libs.common.testkit.messaging import Stack, eventually, status_event

NAMES = "SELECT c.relname FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid WHERE inhparent = 'inbox'::regclass"


async def partitions(db: Database) -> set[str]:
    return {row["relname"] for row in await db.pool.fetch(NAMES)}


def today() -> date:
    """Return the database's day; a run may begin on the day before."""
    return datetime.now(UTC).date()


def name(days: int) -> str:
    return f"inbox_{today() + timedelta(days=days):%Y%m%d}"


async def test_yesterday_today_and_two_days_ahead_have_a_partition(messaging_db: Database) -> None:
    await maintain_inbox(messaging_db)
    assert await partitions(messaging_db) == {"inbox_default", name(-1), name(0), name(1), name(2)}


async def test_maintaining_again_and_at_once_from_two_workers_changes_nothing(messaging_db: Database) -> None:
    await asyncio.gather(*(maintain_inbox(messaging_db) for _ in range(3)))
    assert len(await partitions(messaging_db)) == 5


async def test_what_lay_in_the_default_partition_moves_and_is_still_a_repeat(messaging_db: Database) -> None:
    insert = "INSERT INTO inbox (day, event_id) VALUES ($1, $2) ON CONFLICT DO NOTHING"
    await messaging_db.pool.execute(insert, today(), UUID(int=1))
    await maintain_inbox(messaging_db)
    assert await messaging_db.pool.fetchval(f"SELECT count(*) FROM {name(0)}") == 1
    assert await messaging_db.pool.execute(insert, today(), UUID(int=1)) == "INSERT 0 0"


async def test_days_over_two_weeks_old_are_dropped(messaging_db: Database) -> None:
    for days in (-14, -15):
        day = today() + timedelta(days=days)
        bounds = f"FROM ('{day}') TO ('{day + timedelta(days=1)}')"
        await messaging_db.pool.execute(f"CREATE TABLE {name(days)} PARTITION OF inbox FOR VALUES {bounds}")
    await maintain_inbox(messaging_db)
    found = await partitions(messaging_db)
    assert (name(-14) in found, name(-15) in found) == (True, False)


async def test_an_event_that_comes_in_meanwhile_waits_and_is_kept(messaging_db: Database) -> None:
    async with messaging_db.begin() as taking, asyncio.TaskGroup() as tasks:
        await taking.conn.execute("INSERT INTO inbox (day, event_id) VALUES ($1, $2)", today(), UUID(int=1))
        maintaining = tasks.create_task(_until_done(messaging_db))
        await asyncio.sleep(0.5)
        assert not maintaining.done()
        await taking.commit()
    assert await messaging_db.pool.fetchval(f"SELECT count(*) FROM {name(0)}") == 1


async def test_an_event_that_loses_to_the_partition_of_its_day_is_tried_again_and_not_parked(
    stack: Stack, memory: MemoryBus
) -> None:
    await stack.publish([status_event("a", "1")])
    (item,) = stack.reader.read(memory.records(stack.topic))
    assert isinstance(item, Incoming)
    async with stack.db.begin() as making:
        await making.conn.execute(inbox_partitions._LOCK_DEFAULT)
        applying = asyncio.create_task(stack.applier.apply_or_park(item))
        await eventually(lambda: _one_waits(stack.db))
        await inbox_partitions._make(making, item.day)
        await making.commit()
    with pytest.raises(asyncpg.CheckViolationError):
        await applying
    assert await stack.applier.apply_or_park(item)


async def _one_waits(db: Database) -> bool:
    return bool(await db.pool.fetchval(BLOCKED))


async def test_an_old_day_in_use_is_dropped_later_and_today_has_its_partition_all_the_same(
    messaging_db: Database,
) -> None:
    day = today() - timedelta(days=20)
    bounds = f"FROM ('{day}') TO ('{day + timedelta(days=1)}')"
    await messaging_db.pool.execute(f"CREATE TABLE {name(-20)} PARTITION OF inbox FOR VALUES {bounds}")
    async with messaging_db.begin() as taking:
        await taking.conn.execute("INSERT INTO inbox (day, event_id) VALUES ($1, $2)", day, UUID(int=1))
        with pytest.raises(asyncpg.LockNotAvailableError):
            await maintain_inbox(messaging_db)
        assert {name(0), name(-20)} <= await partitions(messaging_db)


async def _until_done(db: Database) -> None:
    while True:
        try:
            return await maintain_inbox(db)
        except asyncpg.LockNotAvailableError:
            continue
