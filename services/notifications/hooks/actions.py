"""Provider callbacks: stored at once and answered, applied to their messages as soon as those are known."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from libs.common.db import Database, Transaction
from libs.common.http.json import parse_json
from libs.common.http.problems import Problem
from services.notifications.hooks.rules import Kind, Reading, Status, error_code, read
from services.notifications.messages import publish
from services.notifications.messages.rules import State
from services.notifications.sending.records import LOOK_NOW, Halted, halt
from services.notifications.sending.rules import Class, classify

STORE = """
WITH line AS (
    SELECT id, desk, account FROM channel WHERE hook_key = $1 AND provider = $2
), stored AS (
    INSERT INTO callback (desk, channel_id, account, kind, provider_message_id, status, at, payload, state,
                          received_at, stored_at, look_at)
    SELECT line.desk, line.id, line.account, t.kind, t.provider_message_id, t.status, t.at, t.payload, t.state,
           $9, clock_timestamp(), clock_timestamp()
    FROM line, unnest($3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::jsonb[], $8::text[])
         AS t (kind, provider_message_id, status, at, payload, state)
    ON CONFLICT DO NOTHING
), kept AS (
    INSERT INTO unreadable (desk, channel_id, reason, raw, received_at)
    SELECT desk, id, $10, $11, $9 FROM line WHERE $10 <> ''
)
SELECT id FROM line
"""
DUE = """
SELECT id, account, kind, provider_message_id, status, at, payload, channel_id,
       stored_at < clock_timestamp() - interval '24 hours' AS old
FROM callback WHERE state = 'new' AND look_at <= clock_timestamp()
ORDER BY look_at LIMIT $1 FOR UPDATE SKIP LOCKED
"""
KNOWN = """
SELECT a.provider_message_id, c.account, a.message_id, a.channel_id
FROM attempt a JOIN channel c ON c.id = a.channel_id
WHERE a.provider_message_id = ANY($1::text[])
"""
# An echo names a message whose answer was lost, if there is exactly one such text to that person in the time in
# which it can have been accepted. One that is being sent now is about to be named by its own answer.
NAME_BY_ECHO = """
WITH echo AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
        AS t (account, provider_message_id, channel, address, text, at)
), candidate AS (
    SELECT e.provider_message_id, a.id, a.state,
           count(*) OVER (PARTITION BY e.account, e.provider_message_id) AS rivals
    FROM (SELECT DISTINCT ON (account, provider_message_id) * FROM echo) e
    JOIN channel c ON c.account = e.account AND c.provider_channel_id = e.channel
    JOIN attempt a ON a.channel_id = c.id AND a.address = e.address AND a.provider_message_id IS NULL
                  AND a.offered_at BETWEEN e.at - interval '3 minutes' AND e.at + interval '1 minute'
                  AND a.state <> 'refused'
    JOIN message m ON m.id = a.message_id AND m.text = e.text
)
UPDATE attempt a
SET state = 'accepted', lease_token = NULL, provider_message_id = candidate.provider_message_id
FROM candidate
WHERE a.id = candidate.id AND candidate.rivals = 1 AND candidate.state <> 'sending'
  AND a.state <> 'sending' AND a.state <> 'refused' AND a.provider_message_id IS NULL
RETURNING a.provider_message_id
"""
APPLIED = """
UPDATE callback c SET state = 'applied', message_id = t.message_id
FROM unnest($1::bigint[], $2::uuid[]) AS t (id, message_id) WHERE c.id = t.id
"""
# Looked at again after half of its age: soon while its own answer may still be on the way, seldom later.
LOOK_LATER = """
UPDATE callback
SET state = CASE WHEN id = ANY($2::bigint[]) THEN 'orphan' ELSE 'new' END,
    look_at = clock_timestamp() + least(greatest((clock_timestamp() - stored_at) / 2, interval '0.3 seconds'),
                                        interval '10 minutes')
WHERE id = ANY($1::bigint[])
"""
_STATES: Mapping[str, State] = {
    Status.SENT: State.SENT,
    Status.DELIVERED: State.DELIVERED,
    Status.READ: State.READ,
    Status.ERROR: State.FAILED,
}


async def take(db: Database, provider: str, hook_key: str, raw: bytes, now: datetime) -> bool:
    """Store a webhook body, committed before it returns; False when no channel has this key.

    What cannot be read is kept raw beside what can.
    """
    try:
        reading, reason = read(parse_json(raw)), ""
    except Problem as problem:
        reading, reason = Reading((), ()), problem.code
    callbacks = reading.callbacks
    async with db.begin() as tx:
        found = await tx.conn.fetchval(
            STORE,
            hook_key,
            provider,
            [c.kind for c in callbacks],
            [c.provider_message_id for c in callbacks],
            [c.status for c in callbacks],
            [c.at for c in callbacks],
            [c.payload for c in callbacks],
            ["new" if c.useful else "kept" for c in callbacks],
            now,
            reason or ", ".join(reading.unread)[:500],
            raw,
        )
        await tx.commit()
    return found is not None


async def apply(db: Database, limit: int, now: datetime) -> tuple[int, Sequence[Halted]]:
    """Move the messages that stored callbacks speak of; returns how many callbacks were looked at, and halts."""
    async with db.begin() as tx:
        rows = await tx.conn.fetch(DUE, limit)
        owners = await _owners(tx, rows) if rows else {}
        known = [(row, owners[_name(row)]) for row in rows if _name(row) in owners]
        known.sort(key=lambda pair: (pair[0]["kind"] != Kind.ECHO, pair[0]["at"]))
        await publish.learn(tx, [(owner["message_id"], _fact(row)) for row, owner in known], now)
        await tx.conn.execute(APPLIED, [row["id"] for row, _ in known], [owner["message_id"] for _, owner in known])
        strangers = [row for row in rows if _name(row) not in owners]
        old = [row["id"] for row in strangers if row["old"]]
        await tx.conn.execute(LOOK_LATER, [row["id"] for row in strangers], old)
        halted = await halt(tx, _halting(known), now)
        await tx.commit()
    return len(rows), halted


def _name(row: asyncpg.Record) -> tuple[str, str]:
    return row["account"], row["provider_message_id"]


async def _owners(tx: Transaction, rows: Sequence[asyncpg.Record]) -> Mapping[tuple[str, str], asyncpg.Record]:
    names = list({row["provider_message_id"] for row in rows})
    owners = await _known(tx, names)
    echoes = [row for row in rows if row["kind"] == Kind.ECHO and _name(row) not in owners]
    if echoes and await _name_by_echo(tx, echoes):
        owners = await _known(tx, names)
    return owners


async def _known(tx: Transaction, names: list[str]) -> Mapping[tuple[str, str], asyncpg.Record]:
    return {_name(row): row for row in await tx.conn.fetch(KNOWN, names)}


async def _name_by_echo(tx: Transaction, echoes: Sequence[asyncpg.Record]) -> bool:
    payloads = [row["payload"] for row in echoes]
    named = await tx.conn.fetch(
        NAME_BY_ECHO,
        [row["account"] for row in echoes],
        [row["provider_message_id"] for row in echoes],
        *([str(payload.get(field, "")) for payload in payloads] for field in ("channelId", "chatId", "text")),
        [row["at"] for row in echoes],
    )
    await tx.conn.execute(LOOK_NOW, [row["provider_message_id"] for row in named])
    return bool(named)


def _fact(row: asyncpg.Record) -> publish.Fact:
    if row["kind"] == Kind.ECHO:
        return publish.Fact(State.ACCEPTED)
    state = _STATES[row["status"]]
    return publish.Fact(state, error_code(row["payload"])) if state is State.FAILED else publish.Fact(state)


def _halting(known: Iterable[tuple[asyncpg.Record, asyncpg.Record]]) -> Mapping[UUID, str]:
    """Return the channels whose provider says, message by message, that a person must look."""
    errors = (
        (owner["channel_id"], error_code(row["payload"])) for row, owner in known if row["status"] == Status.ERROR
    )
    return {channel_id: code for channel_id, code in errors if classify(400, code) is Class.CONFIGURATION}
