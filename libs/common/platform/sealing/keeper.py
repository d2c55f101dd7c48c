"""Keeping a service's secrets sealed: what is plain, or under an older key, is sealed anew in batches."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from libs.common.platform.db import Database
from libs.common.platform.sealing.keys import DataKeys
from libs.common.platform.telemetry.logs import get_logger
from libs.common.platform.waiting import wait_for_stop

BATCH = 100
EVERY = 60.0  # seconds; only a release before this one makes plain values
# A session of this service that is a process of the release before, which keeps and reads secrets plain.
_READ_PLAIN = """
SELECT EXISTS (SELECT FROM pg_stat_activity
               WHERE datname = current_database() AND usename = current_user AND application_name LIKE 'dozvon-%')
"""

log = get_logger(__name__)


class SealedColumn(Protocol):
    """One column with secrets, as its slice keeps it."""

    async def key_ids(self, db: Database) -> set[str]:
        """Return the keys that stored values name."""
        ...

    async def reseal(self, db: Database, keys: DataKeys, limit: int, *, forget_plain: bool) -> int:
        """Seal up to `limit` values with the first key that are plain or under another; commit; return how many.

        With `forget_plain` the plain ones go; without it they stay beside, for processes that still read them.
        """
        ...


async def require_keys(columns: Sequence[SealedColumn], db: Database, keys: DataKeys) -> None:
    """Raises MissingKeyError when stored secrets are sealed with keys that are not given."""
    for column in columns:
        keys.require(await column.key_ids(db))


async def is_read_plain(conn: "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]") -> bool:
    """Return whether processes of the release before still run on this database: they read plain secrets alone."""
    return bool(await conn.fetchval(_READ_PLAIN))


async def rotate(columns: Sequence[SealedColumn], db: Database, keys: DataKeys) -> int:
    """Seal everything with the first key; return how many values were sealed anew."""
    async with db.pool.acquire() as conn:
        forget = not await is_read_plain(conn)
    total = 0
    for column in columns:
        while changed := await column.reseal(db, keys, BATCH, forget_plain=forget):
            total += changed
    return total


async def keep_sealed(columns: Sequence[SealedColumn], db: Database, keys: DataKeys, stop: asyncio.Event) -> None:
    """Seal what a release before this one has left plain, at the start and once a minute."""
    while not stop.is_set():
        if count := await rotate(columns, db, keys):
            log.info("secrets sealed", count=count, key=keys.first)
        await wait_for_stop(stop, EVERY)
