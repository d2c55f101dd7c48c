"""Provider callbacks are applied when their message is known."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import asyncpg

from libs.common.connect.command.rules import BACKOFF, LONG_PAUSE, Class
from libs.common.connect.command.store import Halted
from libs.common.contracts.shared import Direction, MessageProgress
from libs.common.platform.db import Database, Transaction
from services.notifications.addresses.rules import said_at
from services.notifications.addresses.store import Heard, Place, reached, remember
from services.notifications.autopilot.rules import End, end_of_report
from services.notifications.autopilot.store import count
from services.notifications.delivery.store import COMMANDS, RECHECK_CALLBACKS, replace_refused
from services.notifications.messages.rules import Fact, MessageState
from services.notifications.messages.store import apply_facts
from services.notifications.providers.registry import PROVIDERS
from services.notifications.providers.values import Error, ReportKind, Written
from services.notifications.received.convert import Arrived
from services.notifications.received.store import receive

Known: TypeAlias = Sequence[tuple[asyncpg.Record, asyncpg.Record]]  # a callback and its attempt

#: A condition of the worker's lookout.
ARE_DUE = "EXISTS (SELECT FROM callback WHERE state = 'new' AND look_at <= statement_timestamp())"
# A callback that the release before stored has its provider's word alone, and its code in the payload.
DUE = """
SELECT e.id, c.account, c.provider, e.kind, e.provider_message_id, e.status, e.at, e.reference, e.sender, e.address,
       e.text, coalesce(e.progress, CASE e.status WHEN 'error' THEN 'failed' ELSE e.status END) AS progress,
       coalesce(e.code, e.payload->'error'->>'error', e.payload->>'error', '') AS code,
       e.stored_at < clock_timestamp() - interval '24 hours' AS old
FROM callback e JOIN channel c ON c.id = e.channel_id
WHERE e.state = 'new' AND e.look_at <= clock_timestamp()
ORDER BY e.look_at LIMIT $1 FOR UPDATE OF e SKIP LOCKED
"""
ATTEMPTS = """
SELECT a.provider_message_id, c.account, a.message_id, a.rung, a.channel_id, a.id, a.address, a.desk, c.kind,
       m.ahead <> '[]' AND m.rung = a.rung AS has_next, m.state
FROM attempt a JOIN channel c ON c.id = a.channel_id JOIN message m ON m.id = a.message_id
WHERE a.provider_message_id = ANY($1::text[])
"""
# A report that carries our own reference gives its message id to an attempt whose answer was lost.
MATCH_REFERENCES = """
UPDATE attempt a
SET state = 'accepted', lease_token = NULL, code = NULL, detail = NULL,
    provider_message_id = report.provider_message_id
FROM (SELECT DISTINCT ON (account, reference) *
      FROM unnest($1::text[], $2::text[], $3::text[]) AS t (account, reference, provider_message_id)) report,
     channel c
WHERE a.reference = report.reference AND a.provider_message_id IS NULL AND a.state <> 'refused'
  AND c.id = a.channel_id AND c.account = report.account
RETURNING a.provider_message_id
"""
# An echo gives its message id to an attempt whose answer was lost, if exactly one such text to that address can
# have been accepted at that time, and no attempt has the id: its answer may have come since reports were looked up
# by their ids. An attempt in state `sending` is left out: its own answer will bring the id.
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
    WHERE NOT EXISTS (SELECT FROM attempt b JOIN channel d ON d.id = b.channel_id
                      WHERE b.provider_message_id = e.provider_message_id AND d.account = e.account)
)
UPDATE attempt a
SET state = 'accepted', lease_token = NULL, provider_message_id = candidate.provider_message_id
FROM candidate
WHERE a.id = candidate.id AND candidate.rivals = 1 AND candidate.state <> 'sending'
  AND a.state <> 'sending' AND a.state <> 'refused' AND a.provider_message_id IS NULL
RETURNING a.provider_message_id
"""
# Echoes that cannot be ours were typed in the provider's app: no attempt has their id, and none is left that could
# still get it. One whose answer stays out for good is named by its text alone. In one statement: an answer that
# comes meanwhile is seen by one half of it.
TYPED = """
SELECT e.id, e.channel_id, e.sender, e.provider_message_id, e.payload, e.at, e.received_at, c.provider
FROM callback e JOIN channel c ON c.id = e.channel_id
WHERE e.id = ANY($1::bigint[])
  AND NOT EXISTS (SELECT FROM attempt a JOIN channel d ON d.id = a.channel_id
                  WHERE a.provider_message_id = e.provider_message_id AND d.account = c.account)
  AND NOT EXISTS (SELECT FROM attempt a JOIN channel d ON d.id = a.channel_id JOIN message m ON m.id = a.message_id
                  WHERE a.address = e.address AND d.account = c.account AND a.provider_message_id IS NULL
                    AND a.offered_at IS NOT NULL AND a.state <> 'refused'
                    AND (a.state <> 'unknown' OR m.text = e.text))
"""
KEEP = "UPDATE callback SET state = 'kept' WHERE id = ANY($1::bigint[])"
# A message that the provider accepted and then failed for a transient reason is sent again under a new key: the
# provider has said that it did not deliver the first. Once only by a channel: not if an earlier attempt was
# accepted.
REFUSE_TRANSIENT = """
UPDATE attempt a SET state = 'refused', code = t.code
FROM unnest($1::uuid[], $2::text[]) AS t (id, code), message m
WHERE a.id = t.id AND a.state = 'accepted'
  AND m.id = a.message_id AND m.state NOT IN ('failed', 'delivered', 'read')
  AND m.rung = a.rung AND m.withdrawn_at IS NULL
  AND NOT EXISTS (SELECT FROM attempt b WHERE b.message_id = a.message_id AND b.number < a.number
                                          AND b.rung = a.rung AND b.provider_message_id IS NOT NULL)
RETURNING a.id
"""
# A message that goes on by its next rung: the attempt of this one is over.
REFUSE_FAILED = """
UPDATE attempt a SET state = 'refused', code = t.code
FROM unnest($1::uuid[], $2::text[]) AS t (id, code), message m
WHERE a.id = t.id AND a.state = 'accepted' AND m.id = a.message_id AND m.rung = a.rung AND m.ahead <> '[]'
  AND m.state IN ('pending', 'accepted', 'sent') AND NOT 'failed' = ANY (m.published)
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
_STATES: Mapping[MessageProgress, MessageState] = {
    MessageProgress.SENT: MessageState.SENT,
    MessageProgress.DELIVERED: MessageState.DELIVERED,
    MessageProgress.READ: MessageState.READ,
    MessageProgress.FAILED: MessageState.FAILED,
}
_ARRIVED = (MessageProgress.DELIVERED, MessageProgress.READ)
_ENDED = (MessageState.DELIVERED, MessageState.READ, MessageState.FAILED)


async def apply_callbacks(db: Database, limit: int, now: datetime) -> tuple[int, Sequence[Halted]]:
    """Apply due callbacks to their messages; return how many callbacks were checked, and the halted channels."""
    async with db.begin() as tx:
        rows = await tx.conn.fetch(DUE, limit)
        attempts = await _attempts(tx, rows) if rows else {}
        known = [(row, attempts[_key(row)]) for row in rows if _key(row) in attempts]
        known.sort(key=lambda pair: (pair[0]["kind"] != ReportKind.ECHO, pair[0]["at"]))
        over = await _settle_failures(tx, known, now)
        valid = [(row, attempt) for row, attempt in known if not (_failed(row) and attempt["id"] in over)]
        await _learn(tx, known, now)
        halted = await COMMANDS.halt(tx, _halting(known), now)
        await apply_facts(tx, [(a["message_id"], a["rung"], _fact(row)) for row, a in valid], now)
        message_ids = [attempt["message_id"] for _, attempt in known]
        await tx.conn.execute(APPLIED, [row["id"] for row, _ in known], message_ids)
        typed = await _typed(tx, [row for row in rows if _key(row) not in attempts])
        unmatched = [row for row in rows if _key(row) not in attempts and row["id"] not in typed]
        old = [row["id"] for row in unmatched if row["old"]]
        await tx.conn.execute(RECHECK_LATER, [row["id"] for row in unmatched], old)
        await count(tx, [*_heard(known), *_ends(valid)])
        await tx.commit()
    return len(rows), halted


def _key(row: asyncpg.Record) -> tuple[str, str]:
    return row["account"], row["provider_message_id"]


async def _attempts(tx: Transaction, rows: Sequence[asyncpg.Record]) -> Mapping[tuple[str, str], asyncpg.Record]:
    ids = list({row["provider_message_id"] for row in rows})
    attempts = await _by_id(tx, ids)
    unknown = [row for row in rows if _key(row) not in attempts]
    named = await _match_references(tx, [row for row in unknown if row["reference"]])
    named += await _match_echoes(tx, [row for row in unknown if row["kind"] == ReportKind.ECHO])
    if named:
        await tx.conn.execute(RECHECK_CALLBACKS, named)
        attempts = await _by_id(tx, ids)
    return attempts


async def _by_id(tx: Transaction, ids: list[str]) -> Mapping[tuple[str, str], asyncpg.Record]:
    return {_key(row): row for row in await tx.conn.fetch(ATTEMPTS, ids)}


async def _match_references(tx: Transaction, rows: Sequence[asyncpg.Record]) -> list[str]:
    """Name attempts by our own key; return the provider's ids that are known now."""
    if not rows:
        return []
    columns = ([row[name] for row in rows] for name in ("account", "reference", "provider_message_id"))
    return [row["provider_message_id"] for row in await tx.conn.fetch(MATCH_REFERENCES, *columns)]


async def _match_echoes(tx: Transaction, echoes: Sequence[asyncpg.Record]) -> list[str]:
    """Name attempts by the text that was sent; return the provider's ids that are known now."""
    if not echoes:
        return []
    names = ("account", "provider_message_id", "sender", "address", "text", "at")
    columns = ([row[name] for row in echoes] for name in names)
    return [row["provider_message_id"] for row in await tx.conn.fetch(MATCH_ECHOES, *columns)]


async def _typed(tx: Transaction, unmatched: Sequence[asyncpg.Record]) -> set[int]:
    """Take what was typed in providers' apps as messages to their customers; return the ids of these callbacks."""
    echoes = [row["id"] for row in unmatched if row["kind"] == ReportKind.ECHO]
    rows = await tx.conn.fetch(TYPED, echoes) if echoes else []
    if rows:
        await tx.conn.execute(KEEP, [row["id"] for row in rows])
        read = [(row, PROVIDERS[row["provider"]].written(row["payload"])) for row in rows]
        await receive(tx, [_arrived(row, written) for row, written in read if written is not None])
    return {row["id"] for row in rows}


def _arrived(row: asyncpg.Record, written: Written) -> Arrived:
    at = said_at(row["at"], row["received_at"])
    names = row["channel_id"], row["sender"], row["provider_message_id"]
    return Arrived(*names, Direction.OUT, written, at, row["received_at"])


async def _settle_failures(tx: Transaction, known: Known, now: datetime) -> set[UUID]:
    """Refuse what is tried again, here or by the next rung; return attempts whose errors are no news."""
    arrived = {attempt["id"] for row, attempt in known if row["progress"] in _ARRIVED}
    failed = {attempt["id"]: (row, attempt) for row, attempt in known if _failed(row)}
    lost = {i: pair for i, pair in failed.items() if i not in arrived}
    # Of an erased customer no address is left to try again.
    await _retry_transient(tx, {i: pair for i, pair in lost.items() if pair[1]["address"]}, now)
    replaced = {row["id"] for row in await tx.conn.fetch(REPLACED, list(failed))} if failed else set()
    gone_on = {i: row["code"] for i, (row, attempt) in lost.items() if attempt["has_next"] and i not in replaced}
    if gone_on:
        await tx.conn.execute(REFUSE_FAILED, list(gone_on), list(gone_on.values()))
    return replaced | arrived


async def _retry_transient(
    tx: Transaction, lost: Mapping[UUID, tuple[asyncpg.Record, asyncpg.Record]], now: datetime
) -> None:
    """Replace attempts with an error that passes; one that passes in a day is not waited for if there is a rung."""
    waits = {i: wait for i, pair in lost.items() if (wait := _wait(*pair)) is not None}
    if waits:
        rows = await tx.conn.fetch(REFUSE_TRANSIENT, list(waits), [lost[i][0]["code"] for i in waits])
        await replace_refused(tx, {row["id"]: waits[row["id"]] for row in rows}, now)


def _wait(row: asyncpg.Record, attempt: asyncpg.Record) -> float | None:
    """Return the seconds until a failed attempt is replaced, or None."""
    error = _error(row)
    if error is None:
        return None
    if error.error is Class.PAUSE:
        wait = error.wait or BACKOFF
        return None if wait >= LONG_PAUSE and attempt["has_next"] else wait
    return BACKOFF if error.error in _TRANSIENT else None


async def _learn(tx: Transaction, known: Known, now: datetime) -> None:
    """Remember what the reports say of the addresses; those of erased customers are no more."""
    places = [(row, Place(a["desk"], a["kind"], a["address"], a["channel_id"])) for row, a in known if a["address"]]
    heard = [
        Heard(place, error.remember, row["code"], now)
        for row, place in places
        if _failed(row) and (error := _error(row)) is not None and error.remember is not None
    ]
    await remember(tx, heard, now)
    await reached(tx, [place for row, place in places if row["progress"] in _ARRIVED], now)


def _failed(row: asyncpg.Record) -> bool:
    return bool(row["progress"] == MessageProgress.FAILED)


def _error(row: asyncpg.Record) -> Error | None:
    return PROVIDERS[row["provider"]].error(row["code"])


def _class(row: asyncpg.Record) -> Class | None:
    known = _error(row)
    return known.error if known else None


def _fact(row: asyncpg.Record) -> Fact:
    if row["kind"] == ReportKind.ECHO:
        return Fact(MessageState.ACCEPTED)
    state = _STATES[MessageProgress(row["progress"])]
    return Fact(state, row["code"]) if state is MessageState.FAILED else Fact(state)


def _heard(known: Known) -> Iterable[tuple[UUID, End]]:
    """Return the channels of which there are reports, each time."""
    return [(attempt["channel_id"], End.HEARD) for row, attempt in known if row["kind"] != ReportKind.ECHO]


def _ends(known: Known) -> Iterable[tuple[UUID, End | None]]:
    """Return what the first word on each message's end says of its channel: providers repeat themselves."""
    final = [(row, a) for row, a in known if row["progress"] in (*_ARRIVED, MessageProgress.FAILED)]
    first = {a["id"]: (row, a) for row, a in reversed(final) if a["state"] not in _ENDED}
    return [
        (attempt["channel_id"], end_of_report(_class(row), delivered=not _failed(row)))
        for row, attempt in first.values()
    ]


def _halting(known: Known) -> Mapping[UUID, str]:
    """Return the channels that an error status stops: a person must look at them."""
    failures = [(row, attempt) for row, attempt in known if _failed(row)]
    return {attempt["channel_id"]: row["code"] for row, attempt in failures if _class(row) is Class.CONFIGURATION}
