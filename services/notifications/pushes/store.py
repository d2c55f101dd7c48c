"""SQL of subscriptions and pushes; claims and results of pushes are those of all commands."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
import orjson

from libs.common.connect.command.store import CommandStore, Tables
from libs.common.platform.db import Database, Transaction
from libs.common.platform.ids import uuid7
from libs.common.platform.sealing import DataKeys, Place
from services.notifications.pushes.rules import KIND, MOST, RATE_5S, NewTask, host_of, origin_of

COMMANDS = CommandStore(
    Tables(
        command="push",
        queue="push_subscription",
        queue_id="subscription_id",
        kind="kind",
        details=", a.tries, a.topic, a.payload, a.expires_at, a.traceparent, c.endpoint, c.p256dh, c.auth"
        ", c.sealed",
    )
)
PACE = "INSERT INTO pace (account, free_at) VALUES ($1, clock_timestamp()) ON CONFLICT (account) DO NOTHING"
# What waits for a browser whose operator changed is not for the next one's eyes.
HANDED_OVER = """
DELETE FROM push p USING push_subscription s
WHERE s.endpoint = $1 AND s.operator_id <> $2 AND p.subscription_id = s.id
"""
# A browser that subscribes anew ends what halted it.
KEEP = """
INSERT INTO push_subscription
    (id, desk, operator_id, kind, code, endpoint, p256dh, auth, language, account, rate_5s, active, version,
     created_at, changed_at)
SELECT $1, o.desk, $2, $3, $4, $5, '', '', $6, $7, $8, true, 1, $9, $9
FROM operator o WHERE o.operator_id = $2 AND o.active
ON CONFLICT (endpoint) DO UPDATE
SET desk = excluded.desk, operator_id = excluded.operator_id, p256dh = excluded.p256dh, auth = excluded.auth,
    sealed = NULL, language = excluded.language, active = true, halted_code = NULL, halted_at = NULL,
    version = push_subscription.version + 1, changed_at = excluded.changed_at
RETURNING id
"""
# Sealed for the row, whose id is that of the browser's first subscription. Nothing stands plain: the release before
# writes its keys so too, beside what it seals, and opens the seal where they are empty.
SEAL = "UPDATE push_subscription SET sealed = $2, p256dh = '', auth = '' WHERE id = $1 RETURNING *"
KEY_IDS = "SELECT DISTINCT split_part(sealed, '.', 2) FROM push_subscription WHERE sealed IS NOT NULL"
UNSEALED = """
SELECT id, p256dh, auth, sealed FROM push_subscription
WHERE sealed IS NULL OR NOT starts_with(sealed, $1) OR p256dh <> '' ORDER BY id LIMIT $2 FOR UPDATE
"""
TOO_MANY = """
DELETE FROM push_subscription WHERE operator_id = $1 AND id NOT IN (
    SELECT id FROM push_subscription WHERE operator_id = $1 ORDER BY changed_at DESC, id DESC LIMIT $2)
"""
FORGET = "DELETE FROM push_subscription WHERE id = $1 AND operator_id = $2 RETURNING *"
GONE = "DELETE FROM push_subscription WHERE id = ANY($1)"
DISMISSED = """
DELETE FROM push_subscription s USING operator o
WHERE s.operator_id = ANY($1) AND o.operator_id = s.operator_id AND NOT o.active
"""
# Locked against an end that comes meanwhile: a push needs its subscription.
TAKERS = """
SELECT s.id, s.desk, s.operator_id, s.language
FROM push_subscription s JOIN operator o ON o.operator_id = s.operator_id AND o.active
WHERE s.operator_id = ANY($1) AND s.active
ORDER BY s.id FOR KEY SHARE OF s
"""
ADD = """
INSERT INTO push (id, desk, subscription_id, event_id, topic, payload, traceparent, state, number, tries, due_at,
                  expires_at)
SELECT id, desk, subscription_id, event_id, topic, payload, traceparent, 'pending', 1, 0, clock_timestamp(),
       expires_at
FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::text[], $6::jsonb[], $7::text[],
            $8::timestamptz[])
     AS t (id, desk, subscription_id, event_id, topic, payload, traceparent, expires_at)
ON CONFLICT (subscription_id, event_id) DO NOTHING
"""
SWEPT = 500  # rows of one pass
# By `now()`, where the index is left at the first that is younger; `clock_timestamp()` reads on to its end.
SWEEP = f"""
DELETE FROM push WHERE id = ANY (ARRAY(
    SELECT id FROM push WHERE state IN ('accepted', 'refused', 'unknown')
                          AND due_at < now() - interval '7 days'
    ORDER BY due_at LIMIT {SWEPT} FOR UPDATE SKIP LOCKED))
"""  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True)
class Wanted:
    """A browser that takes pushes: what its service knows it by, and what pushes are encrypted with."""

    endpoint: str
    p256dh: str
    auth: str
    language: str


async def keep(
    tx: Transaction, operator_id: UUID, wanted: Wanted, keys: DataKeys, now: datetime
) -> asyncpg.Record | None:
    """Keep a browser's subscription as this operator's; None: no such operator works here."""
    endpoint = wanted.endpoint
    account = origin_of(endpoint)
    await tx.conn.execute(PACE, account)
    await tx.conn.execute(HANDED_OVER, endpoint, operator_id)
    of_browser = wanted.p256dh, wanted.auth
    kept = await tx.conn.fetchval(
        KEEP, uuid7(), operator_id, KIND, host_of(endpoint), endpoint, wanted.language, account, RATE_5S, now,
    )  # fmt: skip
    await tx.conn.execute(TOO_MANY, operator_id, MOST)
    if kept is None:
        return None
    sealed = keys.seal(orjson.dumps(of_browser).decode(), place_of(kept))
    return await tx.conn.fetchrow(SEAL, kept, sealed)


def place_of(subscription_id: UUID) -> Place:
    """Return for what the keys of a browser are sealed."""
    return Place("push_subscription", "sealed", subscription_id)


def keys_of(row: asyncpg.Record, subscription_id: UUID, keys: DataKeys) -> tuple[str, str]:
    """Return the keys of a browser. What stands plain is never the older: a release before may write it alone."""
    if row["p256dh"]:
        return row["p256dh"], row["auth"]
    p256dh, auth = orjson.loads(keys.open(row["sealed"], place_of(subscription_id)))
    return p256dh, auth


class SealedBrowsers:
    """The keys of subscriptions."""

    async def key_ids(self, db: Database) -> set[str]:
        """Return the keys that stored values name; none before the tables are there."""
        try:
            return {row[0] for row in await db.pool.fetch(KEY_IDS)}
        except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):
            return set()

    async def reseal(self, db: Database, keys: DataKeys, limit: int, *, forget_plain: bool) -> int:
        """Seal what is plain or under another key than the first, and commit; return how many.

        The plain ones go, asked or not: no release that runs beside this one reads them alone.
        """
        del forget_plain
        async with db.begin() as tx:
            rows = await tx.conn.fetch(UNSEALED, keys.prefix, limit)
            for row in rows:
                said = orjson.dumps(keys_of(row, row["id"], keys)).decode()
                await tx.conn.execute(SEAL, row["id"], keys.seal(said, place_of(row["id"])))
            await tx.commit()
        return len(rows)


async def forget(tx: Transaction, subscription_id: UUID, operator_id: UUID) -> asyncpg.Record | None:
    """End a subscription of this operator, with what waits for it, and return it."""
    return await tx.conn.fetchrow(FORGET, subscription_id, operator_id)


async def forget_gone(tx: Transaction, subscription_ids: Collection[UUID]) -> None:
    """End subscriptions that their push service knows no more."""
    if subscription_ids:
        await tx.conn.execute(GONE, sorted(subscription_ids))


async def forget_dismissed(tx: Transaction, operator_ids: Collection[UUID]) -> None:
    """End the subscriptions of those of these operators who work here no more."""
    if operator_ids:
        await tx.conn.execute(DISMISSED, sorted(operator_ids))


async def add(tx: Transaction, tasks: Sequence[NewTask], now: datetime) -> bool:
    """Write a push of each new task for each of its operator's browsers; return whether there is one."""
    tasks = [task for task in tasks if task.expires_at > now]
    takers = await tx.conn.fetch(TAKERS, sorted({task.operator_id for task in tasks})) if tasks else []
    rows = [
        (
            uuid7(), taker["desk"], taker["id"], task.event_id, task.topic, task.payload(taker["language"]),
            task.traceparent, task.expires_at,
        )
        for task in tasks
        for taker in takers
        if taker["operator_id"] == task.operator_id
    ]  # fmt: skip
    if rows:
        await tx.conn.execute(ADD, *(list(column) for column in zip(*rows, strict=True)))
    return bool(rows)


async def sweep(tx: Transaction) -> bool:
    """Delete of what ended a week ago as much as one pass takes; return whether there may be more."""
    return await tx.conn.execute(SWEEP) == f"DELETE {SWEPT}"
