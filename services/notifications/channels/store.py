"""SQL that writes channels, their secrets sealed."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from libs.common.platform.db import Database, Transaction
from libs.common.platform.sealing import DataKeys
from libs.common.platform.sealing.keeper import is_read_plain
from services.notifications.channels.convert import adapter, config_of, public_part, sealed_part, secret_part
from services.notifications.providers.base import ProviderConfig

CREATE = """
INSERT INTO channel (id, desk, code, kind, provider, config, secrets, api_key, account, provider_channel_id,
                     hook_key, rate_5s, active, version, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, true, 1, $13)
ON CONFLICT DO NOTHING
RETURNING *
"""
CHANGE = """
UPDATE channel
SET config = $3, secrets = $4, api_key = CASE WHEN api_key = '' THEN '' ELSE $5 END, account = $6,
    provider_channel_id = $7, rate_5s = coalesce($8, rate_5s), active = coalesce($9, active), version = version + 1,
    halted_code = CASE WHEN $9 THEN NULL ELSE halted_code END, halted_at = CASE WHEN $9 THEN NULL ELSE halted_at END
WHERE id = $1 AND version = $2
RETURNING *
"""
PACE = "INSERT INTO pace (account, free_at) VALUES ($1, clock_timestamp()) ON CONFLICT DO NOTHING"
KEY_IDS = "SELECT DISTINCT split_part(secrets, '.', 2) FROM channel WHERE secrets IS NOT NULL"
UNSEALED = """
SELECT * FROM channel WHERE secrets IS NULL OR NOT starts_with(secrets, $1) OR ($2 AND api_key <> '')
ORDER BY id LIMIT $3 FOR UPDATE
"""
SEAL = """
UPDATE channel SET config = $2, secrets = $3, api_key = CASE WHEN $4 THEN '' ELSE api_key END WHERE id = $1
"""
# The columns that the release before reads a configuration from.
_COLUMNS = {"provider", "api_key", "provider_channel_id"}


class SealedChannels:
    """The secrets of channels."""

    async def key_ids(self, db: Database) -> set[str]:
        """Return the keys that stored values name; none before the tables are there."""
        try:
            return {row[0] for row in await db.pool.fetch(KEY_IDS)}
        except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):
            return set()

    async def reseal(self, db: Database, keys: DataKeys, limit: int, *, forget_plain: bool) -> int:
        """Seal channels that are not sealed with the first key, and commit; return how many."""
        async with db.begin() as tx:
            rows = await tx.conn.fetch(UNSEALED, keys.prefix, forget_plain, limit)
            for row in rows:
                config = config_of(row["id"], row, keys)
                sealed = sealed_part(config, keys, row["id"])
                await tx.conn.execute(SEAL, row["id"], public_part(config), sealed, forget_plain)
            await tx.commit()
        return len(rows)


@dataclass(frozen=True, slots=True)
class NewChannel:
    """A channel as it is made."""

    channel_id: UUID
    desk: str
    code: str
    kind: str
    config: ProviderConfig
    hook_key: str
    rate_5s: int


async def insert(tx: Transaction, keys: DataKeys, new: NewChannel, now: datetime) -> asyncpg.Record | None:
    """Store a channel; None when its code or its webhook's key is taken."""
    config, made = new.config, adapter(new.config, None)
    plain = plain_of(config) if await is_read_plain(tx.conn) else ""
    account = account_of(config.provider, made.account)
    await tx.conn.execute(PACE, account)
    return await tx.conn.fetchrow(
        CREATE, new.channel_id, new.desk, new.code, new.kind, config.provider, public_part(config),
        sealed_part(config, keys, new.channel_id), plain, account, made.sender, new.hook_key, new.rate_5s, now,
    )  # fmt: skip


async def update(
    tx: Transaction, keys: DataKeys, config: ProviderConfig, channel_id: UUID, seen: int, rate: int | None,
    active: bool | None,
) -> asyncpg.Record | None:  # fmt: skip
    """Change a channel that was seen in version `seen`; None when it has another."""
    made = adapter(config, None)
    account = account_of(config.provider, made.account)
    await tx.conn.execute(PACE, account)
    return await tx.conn.fetchrow(
        CHANGE, channel_id, seen, public_part(config), sealed_part(config, keys, channel_id),
        plain_of(config), account, made.sender, rate, active,
    )  # fmt: skip


def plain_of(config: ProviderConfig) -> str:
    """Return the secret as the release before reads it; empty for a configuration that its columns cannot hold."""
    return secret_part(config)["api_key"] if type(config).model_fields.keys() == _COLUMNS else ""


def account_of(provider: str, secret: str) -> str:
    """Return the digest that names an account: what the provider limits by."""
    return hashlib.sha256(f"{provider}:{secret}".encode()).hexdigest()
