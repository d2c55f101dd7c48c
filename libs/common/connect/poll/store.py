"""SQL of polls: lease those that are due, settle them fenced by their lease. Nothing here commits."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from libs.common.platform.db import Transaction
from libs.common.platform.ids import uuid7

Cursor = Mapping[str, object]

PUT = """
INSERT INTO poll (name, desk, kind, cursor, due_at, quota, quota_period, quota_left, failures)
VALUES ($1, $2, $3, $4, clock_timestamp(), $5, $6, $5, 0)
ON CONFLICT (name) DO NOTHING
"""
DUE_NOW = "UPDATE poll SET due_at = least(due_at, clock_timestamp()) WHERE name = $1"
# A quota that is used up lets no poll begin before its period is over.
LEASE = """
UPDATE poll p
SET lease_token = $1, leased_until = clock_timestamp() + $2::interval,
    quota_left = CASE WHEN p.quota_until <= $3 THEN p.quota ELSE p.quota_left END,
    quota_until = CASE WHEN p.quota IS NULL THEN NULL
                       WHEN p.quota_until IS NULL OR p.quota_until <= $3 THEN $3 + p.quota_period
                       ELSE p.quota_until END
WHERE p.name IN (SELECT name FROM poll
                 WHERE due_at <= clock_timestamp() AND (leased_until IS NULL OR leased_until <= clock_timestamp())
                   AND (quota IS NULL OR quota_left > 0 OR quota_until <= $3)
                   AND ($5::text[] IS NULL OR kind = ANY($5))
                 ORDER BY due_at LIMIT $4 FOR UPDATE SKIP LOCKED)
RETURNING p.name, p.desk, p.kind, p.cursor, p.failures, p.quota_left
"""
#: A condition of the worker's lookout: polls are due.
IS_DUE = """
EXISTS (SELECT FROM poll
        WHERE due_at <= clock_timestamp() AND (leased_until IS NULL OR leased_until <= clock_timestamp())
          AND (quota IS NULL OR quota_left > 0 OR quota_until <= $1))
"""
SETTLE = """
UPDATE poll
SET cursor = coalesce($3, cursor), due_at = clock_timestamp() + $4::interval,
    lease_token = NULL, leased_until = NULL, code = nullif($6, ''),
    quota_left = CASE WHEN quota IS NOT NULL THEN greatest(quota_left - $5, 0) END,
    failures = CASE WHEN $6 = '' THEN 0 ELSE failures + 1 END
WHERE name = $1 AND lease_token = $2
RETURNING name
"""


@dataclass(frozen=True, slots=True)
class Leased:
    """A poll that this process alone may make until its lease is over. `left`: calls that the quota allows."""

    name: str
    desk: str
    kind: str
    cursor: Cursor
    failures: int
    left: int | None
    token: UUID


@dataclass(frozen=True, slots=True)
class Quota:
    """Calls that may be made in a period of business time."""

    calls: int
    period: timedelta


async def put(tx: Transaction, name: str, desk: str, kind: str, cursor: Cursor, quota: Quota | None = None) -> None:
    """Make a poll that is due at once; a known one stays as it is."""
    calls, period = (quota.calls, quota.period) if quota else (None, None)
    await tx.conn.execute(PUT, name, desk, kind, dict(cursor), calls, period)


async def make_due(tx: Transaction, name: str) -> None:
    """Let a poll be made now, for example after a gap of a connection."""
    await tx.conn.execute(DUE_NOW, name)


async def lease(
    tx: Transaction, limit: int, duration: timedelta, now: datetime, kinds: Collection[str] | None = None
) -> Sequence[Leased]:
    """Lease polls that are due, of these kinds or of all; `now` is business time (quotas)."""
    token, wanted = uuid7(), None if kinds is None else sorted(kinds)
    rows = await tx.conn.fetch(LEASE, token, duration, now, limit, wanted)
    return [
        Leased(
            row["name"], row["desk"], row["kind"], row["cursor"], row["failures"], row["quota_left"], token
        )
        for row in rows
    ]  # fmt: skip


async def settle(
    tx: Transaction, poll: Leased, cursor: Cursor | None, delay: timedelta, calls: int, code: str = ""
) -> bool:
    """Write what a round came to, and when the next is due; False when the lease is another's by now.

    `cursor` None: it stays where it is. `code`: why the round failed.
    """
    moved = None if cursor is None else dict(cursor)
    found = await tx.conn.fetchval(SETTLE, poll.name, poll.token, moved, delay, calls, code)
    return found is not None
