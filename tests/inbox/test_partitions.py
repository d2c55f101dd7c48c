"""The inbox's days: made ahead, taken over from the default partition, dropped when they are old."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

from libs.common.db import Database
from libs.common.inbox.partitions import maintain_inbox

NAMES = "SELECT c.relname FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid WHERE inhparent = 'inbox'::regclass"
TODAY = datetime.now(UTC).date()


async def partitions(db: Database) -> set[str]:
    return {row["relname"] for row in await db.pool.fetch(NAMES)}


def name(days: int) -> str:
    return f"inbox_{TODAY + timedelta(days=days):%Y%m%d}"


async def test_yesterday_today_and_two_days_ahead_have_a_partition(messaging_db: Database) -> None:
    await maintain_inbox(messaging_db)
    assert await partitions(messaging_db) == {"inbox_default", name(-1), name(0), name(1), name(2)}


async def test_maintaining_again_and_at_once_from_two_workers_changes_nothing(messaging_db: Database) -> None:
    await asyncio.gather(*(maintain_inbox(messaging_db) for _ in range(3)))
    assert len(await partitions(messaging_db)) == 5


async def test_what_lay_in_the_default_partition_moves_and_is_still_a_repeat(messaging_db: Database) -> None:
    insert = "INSERT INTO inbox (day, event_id) VALUES ($1, $2) ON CONFLICT DO NOTHING"
    await messaging_db.pool.execute(insert, TODAY, UUID(int=1))
    await maintain_inbox(messaging_db)
    assert await messaging_db.pool.fetchval(f"SELECT count(*) FROM {name(0)}") == 1
    assert await messaging_db.pool.execute(insert, TODAY, UUID(int=1)) == "INSERT 0 0"


async def test_days_over_two_weeks_old_are_dropped(messaging_db: Database) -> None:
    for days in (-14, -15):
        day = TODAY + timedelta(days=days)
        bounds = f"FROM ('{day}') TO ('{day + timedelta(days=1)}')"
        await messaging_db.pool.execute(f"CREATE TABLE {name(days)} PARTITION OF inbox FOR VALUES {bounds}")
    await maintain_inbox(messaging_db)
    found = await partitions(messaging_db)
    assert (name(-14) in found, name(-15) in found) == (True, False)
