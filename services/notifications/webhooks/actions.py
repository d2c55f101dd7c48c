"""Provider callbacks: stored before they are answered, applied when their message is known."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import asyncpg

from libs.common.platform.db import Database, Transaction
from libs.common.platform.http.json import parse_json
from libs.common.platform.http.problems import Problem
from services.notifications.delivery.rules import BACKOFF, Class, classify
from services.notifications.delivery.store import RECHECK_CALLBACKS, Halted, halt, replace_refused
from services.notifications.messages.rules import Fact, State
from services.notifications.messages.store import apply_facts
from services.notifications.webhooks.rules import Kind, ParsedBody, Status, error_code, parse

Known: TypeAlias = Sequence[tuple[asyncpg.Record, asyncpg.Record]]  # a callback and its attempt

STORE = """
WITH target AS (
    SELECT id, desk FROM channel WHERE hook_key = $1 AND provider = $2
), stored AS (
    INSERT INTO callback (desk, channel_id, kind, provider_message_id, status, at, payload, state,
                          received_at, stored_at, look_at)
    SELECT target.desk, target.id, t.kind, t.provider_message_id, t.status, t.at, t.payload, t.state,
           $9, clock_timestamp(), clock_timestamp()
    FROM target, unnest($3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::jsonb[], $8::text[])
         AS t (kind, provider_message_id, status, at, payload, state)
    ORDER BY t.provider_message_id, t.kind, t.status, t.at
    ON CONFLICT DO NOTHING
), kept AS (
    INSERT INTO unreadable (desk, channel_id, reason, raw, received_at)
    SELECT desk, id, $10, $11, $9 FROM target WHERE $10 <> ''
)
SELECT id FROM target
"""
DUE = """
SELECT e.id, c.account, e.kind, e.provider_message_id, e.status, e.at, e.payload,
       e.stored_at < clock_timestamp() - interval '24 hours' AS old
FROM callback e JOIN channel c ON c.id = e.channel_id
WHERE e.state = 'new' AND e.look_at <= clock_timestamp()
ORDER BY e.look_at LIMIT $1 FOR UPDATE OF e SKIP LOCKED
"""
ATTEMPTS = """
SELECT a.provider_message_id, c.account, a.message_id, a.channel_id, a.id
FROM attempt a JOIN channel c ON c.id = a.channel_id
WHERE a.provider_message_id = ANY($1::text[])
"""
# An echo gives its message id to an attempt whose answer was lost, if exactly one such text to that address can
# have been accepted at that time. An attempt in state `sending` is left out: its own answer will bring the id.
MATCH_ECHOES = """
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
# A message that the provider accepted and then failed for a transient reason is sent again under a new key: the
# provider has said that it did not deliver the first. Once only: not if an earlier attempt was accepted too.
REFUSE_TRANSIENT = """
UPDATE attempt a SET state = 'refused', code = t.code
FROM unnest($1::uuid[], $2::text[]) AS t (id, code), message m
WHERE a.id = t.id AND a.state = 'accepted'
  AND m.id = a.message_id AND m.state NOT IN ('failed', 'delivered', 'read')
  AND NOT EXISTS (SELECT FROM attempt b WHERE b.message_id = a.message_id AND b.number < a.number
                                          AND b.provider_message_id IS NOT NULL)
RETURNING a.id
"""
REPLACED = "SELECT id FROM attempt WHERE id = ANY($1::uuid[]) AND state = 'refused'"
APPLIED = """
UPDATE callback c SET state = 'applied', message_id = t.message_id
FROM unnest($1::bigint[], $2::uuid[]) AS t (id, message_id) WHERE c.id = t.id
"""
# Checked again after half of its age: soon while the answer of its call may still come, seldom later.
RECHECK_LATER = """
UPDATE callback
SET state = CASE WHEN id = ANY($2::bigint[]) THEN 'orphan' ELSE 'new' END,
    look_at = clock_timestamp() + least(greatest((clock_timestamp() - stored_at) / 2, interval '0.3 seconds'),
                                        interval '10 minutes')
WHERE id = ANY($1::bigint[])
"""
_TRANSIENT = (Class.RETRY, Class.RETRY_SLOWLY)
_STATES: Mapping[str, State] = {
    Status.SENT: State.SENT,
    Status.DELIVERED: State.DELIVERED,
    Status.READ: State.READ,
    Status.ERROR: State.FAILED,
}


async def store_callbacks(db: Database, provider: str, hook_key: str, raw: bytes, now: datetime) -> bool:
    """Store a webhook body and commit; return False when no channel has this key.

    Unreadable parts are kept raw beside the readable ones.
    """
    try:
        body, reason = parse(parse_json(raw)), ""
    except Problem as problem:
        body, reason = ParsedBody((), ()), problem.code
    callbacks = body.callbacks
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
            reason or ", ".join(body.unreadable)[:500],
            raw,
        )
        await tx.commit()
    return found is not None


async def apply_callbacks(db: Database, limit: int, now: datetime) -> tuple[int, Sequence[Halted]]:
    """Apply due callbacks to their messages; return how many callbacks were checked, and the halted channels."""
    async with db.begin() as tx:
        rows = await tx.conn.fetch(DUE, limit)
        attempts = await _attempts(tx, rows) if rows else {}
        known = [(row, attempts[_key(row)]) for row in rows if _key(row) in attempts]
        known.sort(key=lambda pair: (pair[0]["kind"] != Kind.ECHO, pair[0]["at"]))
        replaced = await _retry_transient(tx, known)
        valid = [(row, attempt) for row, attempt in known if not (_failed(row) and attempt["id"] in replaced)]
        await apply_facts(tx, [(attempt["message_id"], _fact(row)) for row, attempt in valid], now)
        message_ids = [attempt["message_id"] for _, attempt in known]
        await tx.conn.execute(APPLIED, [row["id"] for row, _ in known], message_ids)
        unmatched = [row for row in rows if _key(row) not in attempts]
        old = [row["id"] for row in unmatched if row["old"]]
        await tx.conn.execute(RECHECK_LATER, [row["id"] for row in unmatched], old)
        halted = await halt(tx, _halting(known), now)
        await tx.commit()
    return len(rows), halted


def _key(row: asyncpg.Record) -> tuple[str, str]:
    return row["account"], row["provider_message_id"]


async def _attempts(tx: Transaction, rows: Sequence[asyncpg.Record]) -> Mapping[tuple[str, str], asyncpg.Record]:
    ids = list({row["provider_message_id"] for row in rows})
    attempts = await _by_id(tx, ids)
    echoes = [row for row in rows if row["kind"] == Kind.ECHO and _key(row) not in attempts]
    if echoes and await _match_echoes(tx, echoes):
        attempts = await _by_id(tx, ids)
    return attempts


async def _by_id(tx: Transaction, ids: list[str]) -> Mapping[tuple[str, str], asyncpg.Record]:
    return {_key(row): row for row in await tx.conn.fetch(ATTEMPTS, ids)}


async def _match_echoes(tx: Transaction, echoes: Sequence[asyncpg.Record]) -> bool:
    payloads = [row["payload"] for row in echoes]
    matched = await tx.conn.fetch(
        MATCH_ECHOES,
        [row["account"] for row in echoes],
        [row["provider_message_id"] for row in echoes],
        *([str(payload.get(field, "")) for payload in payloads] for field in ("channelId", "chatId", "text")),
        [row["at"] for row in echoes],
    )
    await tx.conn.execute(RECHECK_CALLBACKS, [row["provider_message_id"] for row in matched])
    return bool(matched)


async def _retry_transient(tx: Transaction, known: Known) -> set[UUID]:
    """Replace attempts with a transient error; return all replaced ones, whose errors no longer count."""
    arrived = {attempt["id"] for row, attempt in known if row["status"] in (Status.DELIVERED, Status.READ)}
    errors = {attempt["id"]: error_code(row["payload"]) for row, attempt in known if _failed(row)}
    transient = {i: code for i, code in errors.items() if classify(400, code) in _TRANSIENT and i not in arrived}
    if transient:
        rows = await tx.conn.fetch(REFUSE_TRANSIENT, list(transient), list(transient.values()))
        await replace_refused(tx, {row["id"]: BACKOFF for row in rows})
    return {row["id"] for row in await tx.conn.fetch(REPLACED, list(errors))} if errors else set()


def _failed(row: asyncpg.Record) -> bool:
    return (row["kind"], row["status"]) == (Kind.STATUS, Status.ERROR)


def _fact(row: asyncpg.Record) -> Fact:
    if row["kind"] == Kind.ECHO:
        return Fact(State.ACCEPTED)
    state = _STATES[row["status"]]
    return Fact(state, error_code(row["payload"])) if state is State.FAILED else Fact(state)


def _halting(known: Known) -> Mapping[UUID, str]:
    """Return the channels that an error status stops: a person must look at them."""
    errors = ((attempt["channel_id"], error_code(row["payload"])) for row, attempt in known if _failed(row))
    return {channel_id: code for channel_id, code in errors if classify(400, code) is Class.CONFIGURATION}
