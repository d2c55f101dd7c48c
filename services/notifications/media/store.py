"""SQL of files: expected with their message, leased, fetched, erased."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from libs.common.platform.db import Database, Transaction
from libs.common.platform.ids import uuid7, uuid7_since
from services.notifications.media.rules import BEFORE, GONE, Again, kind_of, name_of

#: A condition of the worker's lookout.
ARE_DUE = "EXISTS (SELECT FROM media WHERE state IN ('waiting', 'gone') AND due_at <= statement_timestamp())"
EXPECT = """
INSERT INTO media (id, desk, message_id, number, kind, state, reference, name, due_at, received_at)
SELECT id, desk, message_id, number, kind, 'waiting', reference, name, clock_timestamp(), received_at
FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::int[], $5::text[], $6::jsonb[], $7::text[], $8::timestamptz[])
     AS f (id, desk, message_id, number, kind, reference, name, received_at)
ON CONFLICT DO NOTHING
"""
# Of messages that a release without files has stored; ids rise with the time.
MISSING = """
SELECT id, desk, media, received_at FROM received_message r
WHERE id > $1 AND received_at > $2 AND media ?| '{url,id}'
  AND NOT EXISTS (SELECT FROM media WHERE message_id = r.id)
ORDER BY id LIMIT $3
"""
LEASE = """
WITH due AS (
    SELECT id FROM media WHERE state IN ('waiting', 'gone') AND due_at <= clock_timestamp()
    ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED
)
UPDATE media m SET lease_token = $2, attempts = least(attempts + 1, 1000), due_at = clock_timestamp() + $3
FROM due, received_message r WHERE m.id = due.id AND r.id = m.message_id
RETURNING m.id, m.state, m.reference, m.name, m.attempts, r.channel_id
"""
STORED = """
UPDATE media
SET state = 'stored', reference = NULL, code = NULL, lease_token = NULL, type = $3, size = $4, sha256 = $5
WHERE id = $1 AND lease_token = $2 AND state = 'waiting' RETURNING id
"""
AGAIN = """
UPDATE media SET lease_token = NULL, code = $3, due_at = clock_timestamp() + $4
WHERE id = $1 AND lease_token = $2 AND state IN ('waiting', 'gone')
"""
NEVER = """
UPDATE media SET state = 'refused', reference = NULL, lease_token = NULL, code = $3
WHERE id = $1 AND lease_token = $2 AND state = 'waiting'
"""
REMOVED = "DELETE FROM media WHERE id = $1 AND lease_token = $2 AND state = 'gone'"
IS_WANTED = "SELECT EXISTS (SELECT FROM media WHERE id = $1 AND state <> 'gone')"
#: What an erasure makes of a row that is not gone yet; who fetches it now loses the lease by its state.
FORGOTTEN: Mapping[str, str] = {
    "state": "'gone'",
    "due_at": "CASE WHEN lease_token IS NULL THEN clock_timestamp() ELSE due_at END",
    **dict.fromkeys(("reference", "name", "type", "size", "sha256", "code"), "NULL"),
}


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a message that is stored now."""

    message_id: UUID
    desk: str
    references: Sequence[Mapping[str, str]]
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Leased:
    """A file that this worker looks at; `token` fences what it writes."""

    id: UUID
    token: UUID
    gone: bool
    channel_id: UUID
    reference: Mapping[str, str] | None
    name: str | None
    attempts: int


async def expect(tx: Transaction, messages: Iterable[Files]) -> None:
    """Let files be fetched: those of whom the provider says where they are."""
    rows = [
        (uuid7(), one.desk, one.message_id, number, kind_of(file), dict(file), name_of(file), one.received_at)
        for one in messages
        for number, file in enumerate(one.references)
        if file.get("url") or file.get("id")
    ]
    if rows:
        await tx.conn.execute(EXPECT, *(list(column) for column in zip(*rows, strict=True)))


async def make_up(db: Database, now: datetime, most: int = 500) -> None:
    """Expect the files of messages that a release without them has stored."""
    after = uuid7_since(BEFORE)
    while True:
        async with db.begin() as tx:
            rows = await tx.conn.fetch(MISSING, after, now - BEFORE, most)
            await expect(tx, [Files(row["id"], row["desk"], [row["media"]], row["received_at"]) for row in rows])
            await tx.commit()
        if len(rows) < most:
            return
        after = rows[-1]["id"]


async def lease(db: Database, most: int, duration: timedelta) -> list[Leased]:
    """Take up to so many due files for a time, in a transaction of its own."""
    token = uuid7()
    async with db.begin() as tx:
        rows = await tx.conn.fetch(LEASE, most, token, duration)
        await tx.commit()
    return [_leased(row, token) for row in rows]


def _leased(row: asyncpg.Record, token: UUID) -> Leased:
    is_gone = row["state"] == GONE
    return Leased(row["id"], token, is_gone, row["channel_id"], row["reference"], row["name"], row["attempts"])


async def stored(tx: Transaction, file: Leased, found: str, size: int, sha256: str) -> bool:
    """Write that a file's object is there; False when another worker has the file, or it was erased."""
    return await tx.conn.fetchval(STORED, file.id, file.token, found, size, sha256) is not None


async def again(tx: Transaction, file: Leased, later: Again) -> None:
    await tx.conn.execute(AGAIN, file.id, file.token, later.code, later.pause)


async def never(tx: Transaction, file: Leased, code: str) -> None:
    await tx.conn.execute(NEVER, file.id, file.token, code)


async def removed(tx: Transaction, file: Leased) -> None:
    """Drop the row of a file whose object is gone."""
    await tx.conn.execute(REMOVED, file.id, file.token)


async def is_wanted(tx: Transaction, file: Leased) -> bool:
    """Return whether the file is still one of a message."""
    return bool(await tx.conn.fetchval(IS_WANTED, file.id))
