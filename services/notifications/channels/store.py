"""SQL that writes channels, their secrets sealed."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import asyncpg

from libs.common.platform.db import Database, Transaction
from libs.common.platform.sealing import DataKeys
from libs.common.platform.sealing.keeper import is_read_plain
from services.notifications.channels.convert import adapter, config_of, public_part, sealed_part, secret_part
from services.notifications.errors import SenderTakenError
from services.notifications.providers.base import ProviderConfig

CREATE = """
INSERT INTO channel (id, desk, code, kind, provider, config, secrets, api_key, account, provider_channel_id,
                     hook_key, rate_5s, active, version, created_at, stop_words, free_text_roles)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, true, 1, $13, $14, $15)
ON CONFLICT DO NOTHING
RETURNING *
"""
CHANGE = """
UPDATE channel
SET config = $3, secrets = $4, api_key = CASE WHEN api_key = '' THEN '' ELSE $5 END, account = $6,
    provider_channel_id = $7, rate_5s = coalesce($8, rate_5s), active = coalesce($9, active), version = version + 1,
    stop_words = CASE WHEN $10 THEN $11 ELSE stop_words END,
    free_text_roles = CASE WHEN $12 THEN $13 ELSE free_text_roles END,
    halted_code = CASE WHEN $9 THEN NULL ELSE halted_code END,
    halted_at = CASE WHEN $9 THEN NULL ELSE halted_at END,
    resumed_at = CASE WHEN $9 AND halted_at IS NOT NULL THEN clock_timestamp() ELSE resumed_at END
WHERE id = $1 AND version = $2
RETURNING *
"""
# One at a time for an account, so that two do not take the same end of it.
TURN = "SELECT FROM pace WHERE account = $1 FOR UPDATE"
TAKEN = """
SELECT EXISTS (SELECT FROM channel WHERE account = $1 AND provider_channel_id = $2 AND active AND id <> $3)
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
FOLLOW = """
UPDATE channel c
SET config = c.config || jsonb_build_object('team_chat_id', $3::text), provider_channel_id = $3,
    version = c.version + 1
WHERE id = $1 AND kind = 'team' AND provider_channel_id = $2
  AND NOT EXISTS (SELECT FROM channel o WHERE o.account = c.account AND o.provider_channel_id = $3 AND o.active)
"""
HAS_OTHER = "SELECT provider_channel_id <> $2 FROM channel WHERE id = $1"


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
    lists: Mapping[str, Sequence[str] | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Changes:
    """What is changed of a channel besides its configuration; None leaves as it is.

    `lists`: those of its lists that change, by their column; None in the place of one is the usual one.
    """

    rate_5s: int | None = None
    active: bool | None = None
    lists: Mapping[str, Sequence[str] | None] = field(default_factory=dict)

    def of_list(self, name: str) -> tuple[bool, Sequence[str] | None]:
        """Return whether a list changes, and to what."""
        return name in self.lists, self.lists.get(name)


async def insert(tx: Transaction, keys: DataKeys, new: NewChannel, now: datetime) -> asyncpg.Record | None:
    """Store a channel; None when its code or its webhook's key is taken. Raises SenderTakenError."""
    config, made = new.config, adapter(new.config, None)
    plain = plain_of(config) if await is_read_plain(tx.conn) else ""
    account = account_of(config.provider, made.account)
    await tx.conn.execute(PACE, account)
    row = await tx.conn.fetchrow(
        CREATE, new.channel_id, new.desk, new.code, new.kind, config.provider, public_part(config),
        sealed_part(config, keys, new.channel_id), plain, account, made.sender, new.hook_key, new.rate_5s, now,
        new.lists.get("stop_words"), new.lists.get("free_text_roles"),
    )  # fmt: skip
    return await _alone(tx, row)


async def update(
    tx: Transaction, keys: DataKeys, config: ProviderConfig, channel_id: UUID, seen: int, changes: Changes
) -> asyncpg.Record | None:
    """Change a channel that was seen in version `seen`; None when it has another. Raises SenderTakenError."""
    made = adapter(config, None)
    account = account_of(config.provider, made.account)
    await tx.conn.execute(PACE, account)
    row = await tx.conn.fetchrow(
        CHANGE, channel_id, seen, public_part(config), sealed_part(config, keys, channel_id),
        plain_of(config), account, made.sender, changes.rate_5s, changes.active,
        *changes.of_list("stop_words"), *changes.of_list("free_text_roles"),
    )  # fmt: skip
    return await _alone(tx, row)


async def follow_group(tx: Transaction, channel_id: UUID, known: str, moved_to: str) -> bool:
    """Let a team's channel follow its group to a new id; return whether it has another than the `known` one by now.

    It stays where another channel of the account has the new one: a person must see which of both is wanted.
    """
    await tx.conn.execute(FOLLOW, channel_id, known, moved_to)
    return bool(await tx.conn.fetchval(HAS_OTHER, channel_id, known))


async def _alone(tx: Transaction, row: asyncpg.Record | None) -> asyncpg.Record | None:
    """Return a channel that was written, the only active one for its end of the account: reports name that end."""
    if row is not None and row["active"]:
        await tx.conn.execute(TURN, row["account"])
        if await tx.conn.fetchval(TAKEN, row["account"], row["provider_channel_id"], row["id"]):
            raise SenderTakenError
    return row


def plain_of(config: ProviderConfig) -> str:
    """Return the secret as the release before reads it; empty for a configuration that its columns cannot hold."""
    return secret_part(config)["api_key"] if type(config).model_fields.keys() == _COLUMNS else ""


def account_of(provider: str, secret: str) -> str:
    """Return the digest that names an account: what the provider limits by."""
    return hashlib.sha256(f"{provider}:{secret}".encode()).hexdigest()
