"""SQL of withdrawals: what is not wanted any more, and the attempts that nothing has left for yet."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from libs.common.platform.db import Transaction

Intention = tuple[str, str]  # a desk and a dedupe key

BATCH = 500  # attempts that one pass stops

# A request and its withdrawal, in two transactions at once, would not see each other: they take turns.
TURNS = """
SELECT pg_advisory_xact_lock(hashtext('message'), number)
FROM (SELECT DISTINCT hashtext(desk || ' ' || dedupe_key) AS number
      FROM unnest($1::text[], $2::text[]) AS t (desk, dedupe_key) ORDER BY number) turns
"""
KNOWN = """
SELECT desk, dedupe_key, withdrawn_at FROM withdrawal
JOIN unnest($1::text[], $2::text[]) AS t (desk, dedupe_key) USING (desk, dedupe_key)
"""
KEEP = """
INSERT INTO withdrawal (desk, dedupe_key, withdrawn_at)
SELECT desk, dedupe_key, $3 FROM unnest($1::text[], $2::text[]) AS t (desk, dedupe_key) ORDER BY desk, dedupe_key
ON CONFLICT DO NOTHING
"""
MARK = """
UPDATE message SET withdrawn_at = $3, changed_at = $3
WHERE id IN (SELECT id FROM message
             JOIN unnest($1::text[], $2::text[]) AS t (desk, dedupe_key) USING (desk, dedupe_key)
             WHERE withdrawn_at IS NULL ORDER BY id FOR NO KEY UPDATE OF message)
"""
# What is being claimed or settled at this moment is left out: it is stopped before its next call.
STOP = """
UPDATE attempt SET state = 'refused', code = $1
WHERE id IN (SELECT a.id FROM attempt a JOIN message m ON m.id = a.message_id
             WHERE m.withdrawn_at IS NOT NULL AND m.state = 'pending'
               AND a.state IN ('pending', 'held') AND a.offered_at IS NULL
             LIMIT $2 FOR UPDATE OF a SKIP LOCKED)
RETURNING message_id, rung
"""
#: A condition of the worker's lookout.
ARE_WITHDRAWN = "EXISTS (SELECT FROM message WHERE withdrawn_at IS NOT NULL AND state = 'pending')"


async def take_turns(tx: Transaction, intentions: Collection[Intention]) -> None:
    """Wait for other transactions that request or withdraw the same messages."""
    await tx.conn.execute(TURNS, *_columns(intentions))


async def withdrawn(tx: Transaction, intentions: Collection[Intention]) -> Mapping[Intention, datetime]:
    """Return which of these were withdrawn, and when."""
    rows = await tx.conn.fetch(KNOWN, *_columns(intentions))
    return {(row["desk"], row["dedupe_key"]): row["withdrawn_at"] for row in rows}


async def keep(tx: Transaction, intentions: Collection[Intention], now: datetime) -> None:
    """Remember that these are not wanted, for those whose request is still to come too."""
    await tx.conn.execute(KEEP, *_columns(intentions), now)
    await tx.conn.execute(MARK, *_columns(intentions), now)


async def stop(tx: Transaction, code: str) -> Sequence[tuple[UUID, int]]:
    """Refuse withdrawn attempts that nothing has left for; return their messages and rungs."""
    rows: Sequence[asyncpg.Record] = await tx.conn.fetch(STOP, code, BATCH)
    return [(row["message_id"], row["rung"]) for row in rows]


def _columns(intentions: Collection[Intention]) -> tuple[list[str], list[str]]:
    return [desk for desk, _ in intentions], [key for _, key in intentions]
