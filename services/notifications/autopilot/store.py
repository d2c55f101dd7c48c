"""SQL of the counts of channels, of what they say, and of messages that go past a dead one."""

from collections import Counter
from collections.abc import Iterable, Sequence
from uuid import UUID

import asyncpg

from libs.common.platform.db import Connection, Database, Transaction
from services.notifications.autopilot.rules import (
    HEARD_BEFORE,
    RECENT,
    REPORTED_WITHIN,
    SILENT_FOR,
    End,
    Health,
)
from services.notifications.providers.registry import PROVIDERS

KEPT_DAYS = 30
PAGE = 100
_ENDS = ", ".join(End)
_COUNTED = ", ".join(f"{end} = c.{end} + excluded.{end}" for end in End)
_SUMS = ", ".join(
    f"coalesce(sum({end}) FILTER (WHERE minute > now() - $1::interval), 0)::int AS {end}" for end in End
)
COUNT = f"""
INSERT INTO channel_minute AS c (channel_id, minute, {_ENDS})
SELECT id, date_trunc('minute', clock_timestamp()), {_ENDS}
FROM unnest($1::uuid[], {", ".join(f"${at}::int[]" for at, _ in enumerate(End, 2))}) AS n (id, {_ENDS}) ORDER BY id
ON CONFLICT (channel_id, minute) DO UPDATE SET {_COUNTED}
"""  # noqa: S608 - columns of our own
# What came before a person has resumed the channel is over: the minute of that is left out.
HEALTH = f"""
SELECT c.id, c.provider, {_SUMS},
       coalesce(sum(accepted) FILTER (WHERE minute BETWEEN now() - $2::interval AND now() - $3::interval), 0)::int
           AS overdue,
       coalesce(sum(heard) FILTER (WHERE minute > now() - $2::interval), 0)::int AS heard_lately,
       coalesce(sum(heard) FILTER (WHERE minute <= now() - $2::interval), 0)::int AS heard_before
FROM channel c JOIN channel_minute m ON m.channel_id = c.id
WHERE c.active AND c.halted_at IS NULL AND m.minute > greatest(now() - $4::interval, c.resumed_at)
GROUP BY c.id, c.provider
"""  # noqa: S608 - columns of our own
# What has not left for a dead channel; a doubtful one waits for its answer, the last rung for a person.
WAITING = """
SELECT a.id, a.message_id, a.rung, a.desk, m.ahead FROM attempt a
JOIN channel c ON c.id = a.channel_id JOIN message m ON m.id = a.message_id
WHERE c.active AND c.halted_at IS NOT NULL AND a.state = 'pending' AND a.offered_at IS NULL AND a.id > $1
  AND m.ahead <> '[]' AND m.withdrawn_at IS NULL AND m.rung = a.rung
ORDER BY a.id LIMIT $2 FOR UPDATE OF a SKIP LOCKED
"""
GO_PAST = "UPDATE attempt SET state = 'refused', code = 'channel_halted' WHERE id = ANY($1::uuid[])"
FORGET = "DELETE FROM channel_minute WHERE minute < now() - make_interval(days => $1)"


async def count(tx: Transaction, ends: Iterable[tuple[UUID, End | None]]) -> None:
    """Count what became of calls and messages of channels; the last statement of its transaction: others wait."""
    found = Counter((channel_id, end) for channel_id, end in ends if end is not None)
    channels = list({channel_id for channel_id, _ in found})
    if channels:
        await tx.conn.execute(COUNT, channels, *([found[one, end] for one in channels] for end in End))


async def healths(conn: Connection) -> list[tuple[UUID, Health]]:
    """Return what each channel that sends has done lately."""
    rows = await conn.fetch(HEALTH, RECENT, SILENT_FOR, REPORTED_WITHIN, HEARD_BEFORE)
    return [(row["id"], _health(row)) for row in rows]


async def waiting(tx: Transaction, after: UUID) -> Sequence[asyncpg.Record]:
    """Lock a page of the attempts that wait for dead channels and have further rungs, by id."""
    return await tx.conn.fetch(WAITING, after, PAGE)


async def go_past(tx: Transaction, attempts: Sequence[UUID]) -> None:
    """End attempts that have not left."""
    await tx.conn.execute(GO_PAST, attempts)


async def forget(db: Database) -> None:
    """Drop counts that are too old to be shown."""
    await db.pool.execute(FORGET, KEPT_DAYS)


def _health(row: asyncpg.Record) -> Health:
    known = PROVIDERS.get(row["provider"])
    confirms = known is not None and known.limits.reports and known.limits.confirms
    recent = {end: row[end] for end in End}
    return Health(recent, row["overdue"], row["heard_lately"], row["heard_before"], confirms)
