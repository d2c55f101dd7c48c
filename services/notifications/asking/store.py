"""SQL of asking providers about attempts: which are due, what was found, when each is asked for again.

`ask_at` is on the database's clock. An accepted attempt is asked for until its message has ended; one without an
answer while it waits for a report.
"""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

import asyncpg

from libs.common.platform.db import Transaction

MOST = 20  # attempts without an answer in one round

LATER = "UPDATE attempt SET ask_at = clock_timestamp() + interval '30 seconds' WHERE id = ANY($1::uuid[])"
ENDED = """
UPDATE attempt a SET ask_at = NULL FROM message m
WHERE a.channel_id = $1 AND a.ask_at <= clock_timestamp() AND m.id = a.message_id
  AND (a.state NOT IN ('accepted', 'waiting') OR m.state IN ('failed', 'delivered', 'read')
       OR a.offered_at < clock_timestamp() - interval '3 days')
"""
ACCEPTED = """
SELECT id, provider_message_id FROM attempt
WHERE channel_id = $1 AND ask_at <= clock_timestamp() AND state = 'accepted' AND address <> ''
ORDER BY ask_at LIMIT $2
"""
WAITING = """
SELECT a.id, a.address, a.reference, a.offered_at, m.text FROM attempt a JOIN message m ON m.id = a.message_id
WHERE a.channel_id = $1 AND a.state = 'waiting' AND a.address <> ''
  AND coalesce(a.ask_at, a.offered_at + interval '10 seconds') <= clock_timestamp()
ORDER BY a.offered_at LIMIT $2
"""
# Asked for again after half of its age: soon at first, seldom later.
ASKED = """
UPDATE attempt
SET ask_at = clock_timestamp() + least(greatest((clock_timestamp() - offered_at) / 2, interval '15 seconds'),
                                       interval '1 hour')
WHERE id = ANY($1::uuid[])
"""
# Without a reference of ours only the one attempt of this text to this address can be the one that was found. An
# id belongs to one attempt.
FOUND = """
UPDATE attempt a
SET state = 'accepted', lease_token = NULL, code = NULL, detail = NULL, provider_message_id = t.external_id
FROM unnest($1::uuid[], $2::text[]) AS t (id, external_id), channel c, message m
WHERE a.id = t.id AND a.state = 'waiting' AND c.id = a.channel_id AND m.id = a.message_id
  AND NOT EXISTS (SELECT FROM attempt b JOIN channel d ON d.id = b.channel_id
                  WHERE b.provider_message_id = t.external_id AND d.account = c.account)
  AND (a.reference = t.external_id OR NOT EXISTS (
        SELECT FROM attempt r JOIN message n ON n.id = r.message_id
        WHERE r.address = a.address AND r.provider_message_id IS NULL AND r.offered_at IS NOT NULL
          AND r.state <> 'refused' AND r.channel_id = a.channel_id AND r.id <> a.id AND n.text = m.text))
RETURNING a.id, a.message_id, a.rung, a.provider_message_id
"""
CHANNEL = """
SELECT id, version, desk, kind, provider, config, secrets, api_key, provider_channel_id FROM channel WHERE id = $1
"""
ENSURE = """
INSERT INTO poll (name, desk, kind, cursor, due_at, failures)
SELECT id::text, desk, provider, '{}', clock_timestamp(), 0 FROM channel WHERE provider = ANY($1::text[])
ON CONFLICT DO NOTHING
"""


async def ensure_polls(tx: Transaction, providers: Collection[str]) -> None:
    """Make a poll of each channel at these providers; known ones stay as they are."""
    await tx.conn.execute(ENSURE, sorted(providers))


async def ask_later(tx: Transaction, attempts: Sequence[UUID]) -> None:
    """Let accepted attempts be asked for, once their provider has had time to report by itself."""
    if attempts:
        await tx.conn.execute(LATER, attempts)


async def due(
    tx: Transaction, channel_id: UUID, most: int
) -> tuple[asyncpg.Record | None, Sequence[asyncpg.Record], Sequence[asyncpg.Record]]:
    """Return a channel's row, up to `most` accepted attempts that are due, and some without an answer."""
    await tx.conn.execute(ENDED, channel_id)
    accepted = await tx.conn.fetch(ACCEPTED, channel_id, most)
    return await channel_of(tx, channel_id), accepted, await tx.conn.fetch(WAITING, channel_id, MOST)


async def channel_of(tx: Transaction, channel_id: UUID) -> asyncpg.Record | None:
    """Return a channel's row."""
    return await tx.conn.fetchrow(CHANNEL, channel_id)


async def asked(tx: Transaction, attempts: Sequence[UUID]) -> None:
    """Let attempts be asked for again later."""
    await tx.conn.execute(ASKED, attempts)


async def found(tx: Transaction, ids: Mapping[UUID, str]) -> Sequence[asyncpg.Record]:
    """Write the provider's ids of attempts without an answer; return those that are accepted now."""
    return await tx.conn.fetch(FOUND, list(ids), list(ids.values()))
