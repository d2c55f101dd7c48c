"""Claiming attempts: leased on the database's clock, paced per API key, fair between channels.

The key's pace is one moment, `free_at` (generic cell rate algorithm). A quarter of a channel's `rate_5s` may go
at once (it takes 5/3 s to earn again), the rest is spread: no five seconds hold more than the whole.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from libs.common.platform.db import Database
from libs.common.platform.ids import uuid7
from services.notifications.delivery.wazzup import Letter

CLAIM = """
WITH busy AS (
    SELECT * FROM unnest($1::uuid[], $2::int[]) AS t (channel_id, places)
), waiting AS (
    SELECT c.id, c.account, c.rate_5s, $3 - coalesce(b.places, 0) AS free
    FROM channel c LEFT JOIN busy b ON b.channel_id = c.id
    WHERE c.active AND c.halted_at IS NULL
      AND EXISTS (SELECT FROM attempt a WHERE a.channel_id = c.id AND a.state IN ('pending', 'sending')
                                          AND a.due_at <= clock_timestamp())
), account AS (
    SELECT p.account, p.free_at, w.lanes, w.step, w.burst
    FROM (SELECT account, count(*) AS lanes, greatest(min(rate_5s) / 4, 1) AS burst,
                 interval '5 seconds' / (min(rate_5s) * 0.75) AS step
          FROM waiting GROUP BY account) w
    JOIN pace p USING (account)
    WHERE p.free_at <= clock_timestamp() + (w.burst - 1) * w.step
    FOR UPDATE OF p SKIP LOCKED
), credit AS (
    SELECT account, step, lanes, greatest(
        1, floor(extract(epoch FROM clock_timestamp() + burst * step - greatest(free_at, clock_timestamp()))
                 / extract(epoch FROM step))::int) AS credits
    FROM account
), lane AS (
    SELECT w.id, w.account, least(w.free, greatest(1, c.credits / c.lanes)) AS share, c.credits,
           row_number() OVER (PARTITION BY w.account ORDER BY random()) AS place
    FROM waiting w JOIN credit c USING (account)
    WHERE w.free > 0
), picked AS (
    SELECT a.id, lane.account FROM lane CROSS JOIN LATERAL (
        SELECT a.id FROM attempt a
        WHERE a.channel_id = lane.id AND a.state IN ('pending', 'sending') AND a.due_at <= clock_timestamp()
          AND (a.offered_at IS NULL OR a.offered_at > clock_timestamp() - $4::interval)
          AND (a.offered_at IS NOT NULL OR a.expires_at IS NULL OR a.expires_at > $6)
        ORDER BY (a.offered_at IS NULL), a.due_at LIMIT lane.share FOR UPDATE SKIP LOCKED
    ) a
    WHERE lane.place <= lane.credits
), paid AS (
    UPDATE pace p SET free_at = greatest(p.free_at, clock_timestamp()) + t.taken * c.step
    FROM (SELECT account, count(*) AS taken FROM picked GROUP BY account) t JOIN credit c USING (account)
    WHERE p.account = t.account
)
UPDATE attempt a
SET state = 'sending', lease_token = $7, due_at = clock_timestamp() + $5::interval, tries = a.tries + 1,
    offered_at = coalesce(a.offered_at, clock_timestamp())
FROM channel c, message m
WHERE a.id = ANY (ARRAY(SELECT id FROM picked)) AND c.id = a.channel_id AND m.id = a.message_id
RETURNING a.id, a.message_id, a.channel_id, a.number, a.address, old.offered_at IS NOT NULL AS doubtful,
          c.account, c.api_key, c.provider_channel_id, c.provider, m.text, m.traceparent
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """An attempt that this process alone may send until its lease is over."""

    attempt_id: UUID
    token: UUID
    message_id: UUID
    channel_id: UUID
    account: str
    provider: str
    number: int
    doubtful: bool
    letter: Letter
    traceparent: str | None


@dataclass(frozen=True, slots=True)
class Limits:
    """`lease` outlives a call; after `repeat_window` a key is not offered again (the provider forgets it)."""

    per_channel: int
    lease: timedelta
    repeat_window: timedelta


async def claim(db: Database, taken: Mapping[UUID, int], limits: Limits, now: datetime) -> Sequence[Claim]:
    """Take attempts that are due, mark them as being sent and commit; `now` is business time (deadlines).

    `taken`: how many places of a channel are not free, of `limits.per_channel`.
    """
    token = uuid7()
    async with db.begin() as tx:
        rows = await tx.conn.fetch(
            CLAIM,
            list(taken),
            list(taken.values()),
            limits.per_channel,
            limits.repeat_window,
            limits.lease,
            now,
            token,
        )
        await tx.commit()
    return [
        Claim(
            attempt_id=row["id"],
            token=token,
            message_id=row["message_id"],
            channel_id=row["channel_id"],
            account=row["account"],
            provider=row["provider"],
            number=row["number"],
            doubtful=row["doubtful"],
            letter=Letter(str(row["id"]), row["api_key"], row["provider_channel_id"], row["address"], row["text"]),
            traceparent=row["traceparent"],
        )
        for row in rows
    ]
