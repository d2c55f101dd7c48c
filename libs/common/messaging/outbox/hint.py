"""Says to the relay that leads, in any process, that a commit has left events.

A hint is a notification of PostgreSQL. It may get lost: the relay's regular poll finds the rows then. It is a
statement of its own after the commit, because a notification holds a lock on the whole database until the commit of
its transaction is on the disk.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from libs.common.platform.db import Database
from libs.common.platform.telemetry.logs import get_logger

_SEND = "SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, '')"

log = get_logger(__name__)


def channel(schema: str) -> str:
    """Return the channel on which the relay of a schema listens."""
    return f"relay_{schema}"


class Hint:
    """Sends hints for one process; commits that come together share one."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._due = asyncio.Event()

    def __call__(self) -> None:
        """Send a hint soon."""
        self._due.set()

    async def run(self) -> None:
        """Send what is due until cancelled."""
        while True:
            await self._due.wait()
            self._due.clear()
            try:
                await self._db.pool.execute(_SEND, channel(self._db.config.schema))
            except Exception as error:  # noqa: BLE001 - of any kind: polling finds the rows
                log.warning("hint to the relay was not sent", error_type=type(error).__name__)


@asynccontextmanager
async def hinting(db: Database) -> AsyncIterator[Hint]:
    """Send a hint after each commit of the block that leaves events."""
    hint = db.wake_relay = Hint(db)
    sending = asyncio.create_task(hint.run())
    try:
        yield hint
    finally:
        sending.cancel()
        await asyncio.wait([sending])
