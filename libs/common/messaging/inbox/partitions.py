"""The inbox's daily partitions: created ahead, dropped when no repeat of an event can arrive any more."""

import asyncio
from datetime import date, timedelta

from libs.common.platform.db import Database, Transaction
from libs.common.platform.db.errors import is_transient
from libs.common.platform.telemetry.logs import get_logger
from libs.common.platform.waiting import wait_for_stop

AHEAD = 2  # days
KEPT = 14  # days; longer than Kafka keeps an event (`bus.topics.RETENTION`, and a `SEGMENT` more)
LOOK_SECONDS = 1800.0
RETRY_SECONDS = 20.0

_TODAY = "SELECT (clock_timestamp() AT TIME ZONE 'UTC')::date"
# One maintainer at a time; consumers must not queue up behind its lock.
_ALONE = (
    "SET LOCAL lock_timeout = '300ms'",
    "SELECT pg_advisory_xact_lock(hashtextextended('inbox partitions ' || current_schema(), 0))",
)
# Without the lock an event could enter the default partition between emptying and attaching, which then fails.
_LOCK_DEFAULT = "LOCK TABLE inbox_default IN ACCESS EXCLUSIVE MODE"
_EXISTING = """
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'inbox'::regclass AND c.relname ~ '^inbox_\\d{8}$' ORDER BY c.relname
"""
_FORGET = (
    "DELETE FROM inbox_default WHERE received_at < clock_timestamp() - make_interval(days => $1)",
    "DELETE FROM parked WHERE state IN ('done', 'discarded')"
    " AND updated_at < clock_timestamp() - make_interval(days => $1)",
)

log = get_logger(__name__)


async def maintain_inbox(db: Database) -> None:
    """Make the partitions of today and the next two days, drop those older than 14 days."""
    today: date = await db.pool.fetchval(_TODAY)
    wanted = [today + timedelta(days=number) for number in range(-1, AHEAD + 1)]
    async with db.begin() as tx:
        existing = await _existing(tx)
        if missing := [day for day in wanted if _name(day) not in existing]:
            await tx.conn.execute(_LOCK_DEFAULT)
            for day in missing:
                await _make(tx, day)
        await tx.commit()
    for statement in _FORGET:
        await db.pool.execute(statement, KEPT)
    # Last, in its own transaction: a drop locks the whole inbox, and writers may wait for the first part's locks.
    async with db.begin() as tx:
        for name in await _existing(tx):
            if name < _name(today - timedelta(days=KEPT)):
                await tx.conn.execute(f"DROP TABLE {name}")
                log.info("inbox partition dropped", partition=name)
        await tx.commit()


async def keep_inbox(db: Database, stop: asyncio.Event) -> None:
    """Maintain the inbox every half hour until `stop`; after a lock time-out it retries soon."""
    again, done = RETRY_SECONDS, False
    while not done:
        try:
            await maintain_inbox(db)
            again = LOOK_SECONDS
        except Exception as error:
            if not is_transient(error):
                raise
            again = RETRY_SECONDS
            log.warning("inbox partitions not maintained", error_type=type(error).__name__)
        done = await wait_for_stop(stop, again)


async def _existing(tx: Transaction) -> list[str]:
    for statement in _ALONE:
        await tx.conn.execute(statement)
    return [row["relname"] for row in await tx.conn.fetch(_EXISTING)]


async def _make(tx: Transaction, day: date) -> None:
    """Make a day's partition and take over what the default one holds of that day."""
    name, until = _name(day), day + timedelta(days=1)
    await tx.conn.execute(f"CREATE TABLE {name} (LIKE inbox INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
    moved = f"WITH moved AS (DELETE FROM inbox_default WHERE day = $1 RETURNING *) INSERT INTO {name} TABLE moved"  # noqa: S608 - our own name
    await tx.conn.execute(moved, day)
    await tx.conn.execute(f"ALTER TABLE inbox ATTACH PARTITION {name} FOR VALUES FROM ('{day}') TO ('{until}')")


def _name(day: date) -> str:
    return f"inbox_{day:%Y%m%d}"
