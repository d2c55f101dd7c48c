"""Creating, changing and subscribing channels."""

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import asyncpg

from libs.common.connect.exchange import Lost
from libs.common.connect.transport import Transport
from libs.common.platform.db import Database, Transaction
from libs.common.platform.ids import uuid7
from services.notifications.channels.convert import adapter_of
from services.notifications.channels.schemas import ChangeChannel, CreateChannel
from services.notifications.errors import AlreadyExistsError, NotFoundError, StaleVersionError, SubscriptionError

Row: TypeAlias = "dict[str, object]"

CREATE = """
INSERT INTO channel (id, desk, code, kind, provider, api_key, account, provider_channel_id, hook_key, rate_5s,
                     active, version, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, true, 1, $11)
ON CONFLICT DO NOTHING
RETURNING *
"""
EXISTING = "SELECT id FROM channel WHERE (desk = $1 AND code = $2) OR hook_key = $3 ORDER BY desk <> $1 LIMIT 1"
PACE = "INSERT INTO pace (account, free_at) VALUES ($1, clock_timestamp()) ON CONFLICT DO NOTHING"
ONE = "SELECT * FROM channel WHERE id = $1 AND ($2::text[] IS NULL OR desk = ANY($2::text[]))"
CHANGE = """
UPDATE channel
SET api_key = coalesce($3, api_key), account = coalesce($4, account),
    provider_channel_id = coalesce($5, provider_channel_id), rate_5s = coalesce($6, rate_5s),
    active = coalesce($7, active), version = version + 1,
    halted_code = CASE WHEN $7 THEN NULL ELSE halted_code END, halted_at = CASE WHEN $7 THEN NULL ELSE halted_at END
WHERE id = $1 AND version = $2
RETURNING *
"""


def account_of(provider: str, api_key: str) -> str:
    """Return the digest that names an API key: what the provider limits by."""
    return hashlib.sha256(f"{provider}:{api_key}".encode()).hexdigest()


async def create(db: Database, wanted: CreateChannel, now: datetime) -> Row:
    """Store a channel. Raises AlreadyExistsError when the desk has one of this code, or the hook key is taken."""
    hook_key = wanted.hook_key or secrets.token_urlsafe(24)
    api_key = wanted.api_key.get_secret_value()
    account = account_of(wanted.provider, api_key)
    async with db.begin() as tx:
        row = await tx.conn.fetchrow(
            CREATE, uuid7(), wanted.desk, wanted.code, wanted.kind, wanted.provider, api_key, account,
            wanted.provider_channel_id, hook_key, wanted.rate_5s, now,
        )  # fmt: skip
        if row is None:
            raise AlreadyExistsError(await tx.conn.fetchval(EXISTING, wanted.desk, wanted.code, hook_key))
        await tx.conn.execute(PACE, account)
        await tx.commit()
    return dict(row)


async def change(
    db: Database, channel_id: UUID, desks: Collection[str] | None, seen: int, wanted: ChangeChannel
) -> Row:
    """Change a channel that the caller saw in version `seen`. Raises NotFoundError, StaleVersionError."""
    async with db.begin() as tx:
        current = await _one(tx, channel_id, desks)
        api_key = None if wanted.api_key is None else wanted.api_key.get_secret_value()
        account = None if api_key is None else account_of(current["provider"], api_key)
        row = await tx.conn.fetchrow(
            CHANGE, channel_id, seen, api_key, account, wanted.provider_channel_id, wanted.rate_5s, wanted.active
        )
        if row is None:
            raise StaleVersionError
        await tx.conn.execute(PACE, row["account"])
        await tx.commit()
    return dict(row)


async def subscribe(
    db: Database,
    transport: Transport,
    channel_id: UUID,
    desks: Collection[str] | None,
    base: str,
    standins: str | None,
) -> Row:
    """Subscribe our address to the webhooks of this channel's account. Raises NotFoundError, SubscriptionError."""
    async with db.begin() as tx:
        row = await _one(tx, channel_id, desks)
        await tx.commit()
    adapter = adapter_of(row, standins)
    request = adapter.subscribe(f"{base.rstrip('/')}{webhook_path(row['provider'], row['hook_key'])}")
    if request is None:
        raise SubscriptionError("by_hand")
    answered = await transport.call(request)
    code = answered.code if isinstance(answered, Lost) else adapter.subscribed(answered)
    if code is not None:
        raise SubscriptionError(code)
    return dict(row)


def webhook_path(provider: str, hook_key: str) -> str:
    """Return the path that the provider posts its callbacks to."""
    return f"/notifications/v1/hooks/{provider}/{hook_key}"


async def _one(tx: Transaction, channel_id: UUID, desks: Collection[str] | None) -> asyncpg.Record:
    row = await tx.conn.fetchrow(ONE, channel_id, None if desks is None else list(desks))
    if row is None:
        raise NotFoundError
    return row
