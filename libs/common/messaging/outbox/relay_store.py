"""The relay's session with the database: leadership, rows to send, rows sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import asyncpg

from libs.common.messaging.outbox.hint import channel
from libs.common.messaging.outbox.low_watermark import LowWatermark
from libs.common.platform.db import PLANNED_ONCE, DatabaseConfig

_LEAD = "SELECT pg_try_advisory_lock(hashtextextended('relay:' || current_schema(), 0))"
_READ = """
SELECT id, event_id, type, key, sequence, desk, time, correlation_id, causation_id, traceparent, body,
       extract(epoch FROM clock_timestamp() - stored_at)::float8 AS age
FROM outbox WHERE id > $1 ORDER BY id LIMIT $2
"""
_DELETE = "DELETE FROM outbox WHERE id = ANY($1::bigint[])"
# Both at once, for a round trip less per batch; the rows that are read are those before the delete.
_UNSENT = "NOT EXISTS (SELECT FROM unnest($3) AS sent (id) WHERE sent.id = outbox.id)"
_READ_ON = f"""
WITH gone AS ({_DELETE.replace("$1", "$3")})
{_READ.replace("ORDER BY", f"AND {_UNSENT} ORDER BY")}
"""
# This session only reads and deletes what was acknowledged. A delete that a crash of the server loses sends its
# rows again, as one that a crash of the relay prevents; readers drop the second. So it need not wait for the disk.
_NO_WAIT = {"synchronous_commit": "off"}
CALL_SECONDS = 10.0
WATERMARK_SECONDS = 1.0

# A leader without network must not keep the lock for TCP's default two hours. Keepalives detect an idle connection,
# the user time-out (in ms) one with unacknowledged data.
_KEEPALIVE = {
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "11000",
}


class RelayStore:
    """One session that holds the service's relay lock.

    Every batch is read through the session that holds the lock, so a relay that lost the lock cannot read.
    """

    def __init__(self, conn: asyncpg.Connection[asyncpg.Record], schema: str) -> None:
        self._conn, self._schema = conn, schema
        self._watermark = LowWatermark()
        self._watermark_due = 0.0
        self._moved = True  # rows were found since the low watermark was confirmed last

    @classmethod
    async def connect(cls, config: DatabaseConfig) -> RelayStore:
        """Open the session. Raises OSError, TimeoutError or an asyncpg error."""
        name = {"application_name": f"{config.application}-relay"}
        settings = {**config.server_settings(), **PLANNED_ONCE, **_KEEPALIVE, **_NO_WAIT, **name}
        return cls(
            await asyncpg.connect(
                config.url, server_settings=settings, timeout=CALL_SECONDS, command_timeout=CALL_SECONDS
            ),
            config.schema,
        )

    async def lead(self) -> bool:
        """Try to become the leader; the lock lasts as long as the session."""
        return bool(await self._conn.fetchval(_LEAD))

    async def listen(self, wake: Callable[[], None]) -> None:
        """Call `wake` at every hint from now on."""
        await self._conn.add_listener(channel(self._schema), lambda *_: wake())

    async def read(self, limit: int, sent: Sequence[int] = ()) -> Sequence[asyncpg.Record]:
        """Delete the rows that were `sent`, and return the first others by id.

        Once a second the low watermark is updated, if rows were found.
        """
        now = asyncio.get_running_loop().time()
        confirmed = None
        if self._moved and now >= self._watermark_due:
            self._watermark_due = now + WATERMARK_SECONDS
            confirmed = await self._watermark.confirmed(self._conn)
        after = self._watermark.value
        rows = await (
            self._conn.fetch(_READ_ON, after, limit, sent) if sent else self._conn.fetch(_READ, after, limit)
        )
        if confirmed is not None:
            self._watermark.raise_to(confirmed, rows[0]["id"] if rows else None)
            self._moved = False
        self._moved = self._moved or bool(rows)
        return rows

    async def delete(self, ids: Sequence[int]) -> None:
        """Delete rows that the broker has acknowledged."""
        await self._conn.execute(_DELETE, ids)

    async def close(self) -> None:
        """Close the session, which releases the lock."""
        try:
            await self._conn.close(timeout=2)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            self._conn.terminate()
