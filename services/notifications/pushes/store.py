"""SQL of subscriptions and pushes; claims and results of pushes are those of all commands."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from libs.common.connect.command.store import CommandStore, Tables
from libs.common.platform.db import Transaction
from libs.common.platform.ids import uuid7
from services.notifications.pushes.rules import KIND, MOST, RATE_5S, NewTask, host_of, origin_of

COMMANDS = CommandStore(
    Tables(
        command="push",
        queue="push_subscription",
        queue_id="subscription_id",
        kind="kind",
        details=", a.tries, a.topic, a.payload, a.expires_at, a.traceparent, c.endpoint, c.p256dh, c.auth",
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
SELECT $1, o.desk, $2, $3, $4, $5, $6, $7, $8, $9, $10, true, 1, $11, $11
FROM operator o WHERE o.operator_id = $2 AND o.active
ON CONFLICT (endpoint) DO UPDATE
SET desk = excluded.desk, operator_id = excluded.operator_id, p256dh = excluded.p256dh, auth = excluded.auth,
    language = excluded.language, active = true, halted_code = NULL, halted_at = NULL,
    version = push_subscription.version + 1, changed_at = excluded.changed_at
RETURNING *
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
SWEEP = """
DELETE FROM push WHERE id IN (
    SELECT id FROM push WHERE state IN ('accepted', 'refused', 'unknown')
                          AND due_at < clock_timestamp() - interval '7 days'
    LIMIT 500 FOR UPDATE SKIP LOCKED)
"""


async def keep(
    tx: Transaction, operator_id: UUID, endpoint: str, keys: tuple[str, str], language: str, now: datetime
) -> asyncpg.Record | None:
    """Keep a browser's subscription as this operator's; None: no such operator works here."""
    account = origin_of(endpoint)
    await tx.conn.execute(PACE, account)
    await tx.conn.execute(HANDED_OVER, endpoint, operator_id)
    row = await tx.conn.fetchrow(
        KEEP, uuid7(), operator_id, KIND, host_of(endpoint), endpoint, *keys, language, account, RATE_5S, now
    )
    await tx.conn.execute(TOO_MANY, operator_id, MOST)
    return row


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


async def sweep(tx: Transaction) -> None:
    """Delete what ended a week ago."""
    await tx.conn.execute(SWEEP)
