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
                 WHERE kind = ANY($5) AND due_at <= clock_timestamp()
                   AND (leased_until IS NULL OR leased_until <= clock_timestamp())
                   AND (quota IS NULL OR quota_left > 0 OR quota_until <= $3)
                 ORDER BY due_at LIMIT $4 FOR UPDATE SKIP LOCKED)
RETURNING p.name, p.desk, p.kind, p.cursor, p.failures, p.quota_left
"""
_IS_DUE = """
EXISTS (SELECT FROM poll
        WHERE kind IN ({kinds}) AND due_at <= statement_timestamp()
          AND (leased_until IS NULL OR leased_until <= statement_timestamp())
          AND (quota IS NULL OR quota_left > 0 OR quota_until <= $1))
"""
SPEND = """
UPDATE poll SET quota_left = greatest(quota_left - $3, 0) WHERE name = $1 AND lease_token = $2 RETURNING name
"""
RENEW = """
UPDATE poll SET leased_until = clock_timestamp() + $3::interval WHERE name = $1 AND lease_token = $2 RETURNING name
"""
# A round that neither learnt nor failed says nothing of those before it.
SETTLE = """
UPDATE poll
SET cursor = coalesce($3, cursor), due_at = clock_timestamp() + $4::interval,
    lease_token = NULL, leased_until = NULL,
    code = CASE WHEN $5 <> '' THEN $5 WHEN $6 THEN code END,
    failures = CASE WHEN $5 <> '' THEN failures + 1 WHEN $6 THEN failures ELSE 0 END
WHERE name = $1 AND lease_token = $2
RETURNING name
"""
# What is under way knows only the old cursor: it is not let settle.
RESTART = """
UPDATE poll
SET cursor = $2, due_at = clock_timestamp(), lease_token = NULL, leased_until = NULL, code = NULL, failures = 0
WHERE name = $1
"""
CURSOR = "SELECT cursor FROM poll WHERE name = $1 FOR UPDATE"


def is_due(kinds: Collection[str]) -> str:
    """Return the condition of the worker's lookout that polls of these kinds, names of our own, are due."""
    return _IS_DUE.format(kinds=", ".join(f"'{kind}'" for kind in kinds))


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


async def cursor_of(tx: Transaction, name: str) -> Cursor | None:
    """Lock a poll and return where it stands; None: there is no such poll."""
    found: Cursor | None = await tx.conn.fetchval(CURSOR, name)
    return found


async def restart(tx: Transaction, name: str, cursor: Cursor) -> None:
    """Let a poll go on from another place, now; what is under way comes to nothing. Its quota stays as it is."""
    await tx.conn.execute(RESTART, name, dict(cursor))


async def spend(tx: Transaction, poll: Leased, calls: int) -> bool:
    """Count calls that are about to be made; False when the lease is another's by now."""
    return await tx.conn.fetchval(SPEND, poll.name, poll.token, calls) is not None


async def lease(
    tx: Transaction, kinds: Collection[str], limit: int, duration: timedelta, now: datetime
) -> Sequence[Leased]:
    """Lease polls of some kinds that are due; `now` is business time (quotas)."""
    token = uuid7()
    rows = await tx.conn.fetch(LEASE, token, duration, now, limit, [*kinds])
    return [
        Leased(
            row["name"], row["desk"], row["kind"], row["cursor"], row["failures"], row["quota_left"], token
        )
        for row in rows
    ]  # fmt: skip


async def renew(tx: Transaction, poll: Leased, duration: timedelta) -> bool:
    """Hold a lease for longer; False when it is another's by now."""
    return await tx.conn.fetchval(RENEW, poll.name, poll.token, duration) is not None


async def settle(
    tx: Transaction, poll: Leased, cursor: Cursor | None, delay: timedelta, code: str = "", *,
    under_way: bool = False,
) -> bool:  # fmt: skip
    """Write what a round came to, and when the next is due; False when the lease is another's by now.

    `cursor` None: it stays where it is. `code`: why the round failed. `under_way`: it neither learnt nor failed.
    """
    moved = None if cursor is None else dict(cursor)
    found = await tx.conn.fetchval(SETTLE, poll.name, poll.token, moved, delay, code, under_way)
    return found is not None
