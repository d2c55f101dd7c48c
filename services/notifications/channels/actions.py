"""Creating, changing and subscribing channels."""

import secrets
from collections.abc import Collection
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import asyncpg
from pydantic import ValidationError

from libs.common.connect.exchange import Lost
from libs.common.connect.transport import Transport
from libs.common.contracts import Cause, Outgoing
from libs.common.contracts.notifications import ChannelChanged
from libs.common.messaging import outbox
from libs.common.platform.db import Database, Transaction
from libs.common.platform.ids import uuid7
from libs.common.platform.sealing import DataKeys
from libs.common.platform.versions import StaleVersionError
from services.notifications.asking.store import ensure_polls
from services.notifications.channels.convert import (
    adapter_of,
    config_of,
    is_heard,
    public_part,
    secret_part,
    webhook_path,
)
from services.notifications.channels.schemas import ChangeChannel, CreateChannel
from services.notifications.channels.store import Changes, NewChannel, insert, update
from services.notifications.errors import (
    AlreadyExistsError,
    ConfigRefusedError,
    NotFoundError,
    SubscriptionError,
)
from services.notifications.providers.base import ProviderConfig
from services.notifications.providers.registry import CONFIGS, PROVIDERS

Row: TypeAlias = "dict[str, object]"

ANNOUNCE = """
UPDATE channel SET announced_version = version
WHERE id IN (SELECT id FROM channel WHERE announced_version IS DISTINCT FROM version ORDER BY id FOR UPDATE)
RETURNING id, desk, code, kind, active, version
"""

LISTS = ("stop_words", "free_text_roles")  # of a channel; None is the usual one
EXISTING = "SELECT id FROM channel WHERE (desk = $1 AND code = $2) OR hook_key = $3 ORDER BY desk <> $1 LIMIT 1"
ONE = "SELECT * FROM channel WHERE id = $1 AND ($2::text[] IS NULL OR desk = ANY($2::text[]))"


async def create(db: Database, keys: DataKeys, wanted: CreateChannel, now: datetime) -> Row:
    """Store a channel. Raises AlreadyExistsError: the desk has one of this code, or the webhook's key is taken."""
    async with db.begin() as tx:
        row = await add_channel(tx, keys, wanted, now)
        await tx.commit()
    return dict(row)


async def add_channel(tx: Transaction, keys: DataKeys, wanted: CreateChannel, now: datetime) -> asyncpg.Record:
    """Store a channel in the caller's transaction; see `create`."""
    known = PROVIDERS[wanted.config.provider]
    new = NewChannel(
        channel_id=uuid7(),
        desk=wanted.desk,
        code=wanted.code,
        kind=wanted.kind or min(known.kinds(wanted.config)),
        config=wanted.config,
        hook_key=wanted.hook_key or secrets.token_urlsafe(24),
        rate_5s=wanted.rate_5s or known.limits.rate_5s,
        lists={name: getattr(wanted, name) for name in LISTS},
    )
    row = await insert(tx, keys, new, now)
    if row is None:
        raise AlreadyExistsError(await tx.conn.fetchval(EXISTING, new.desk, new.code, new.hook_key))
    await ensure_polls(tx, {known.code} if known.is_asked() else ())
    return row


async def change(
    db: Database, keys: DataKeys, channel_id: UUID, desks: Collection[str] | None, seen: int, wanted: ChangeChannel
) -> Row:
    """Change a channel that the caller saw in version `seen`.

    Raises NotFoundError, StaleVersionError, ConfigRefusedError.
    """
    async with db.begin() as tx:
        before = await _one(tx, channel_id, desks)
        config = _changed(config_of(channel_id, before, keys), wanted)
        if before["kind"] not in PROVIDERS[config.provider].kinds(config):
            raise ConfigRefusedError([()], ["not_served"])
        lists = {name: getattr(wanted, name) for name in LISTS if name in wanted.model_fields_set}
        changes = Changes(wanted.rate_5s, wanted.active, lists)
        row = await update(tx, keys, config, channel_id, seen, changes)
        if row is None:
            raise StaleVersionError
        await tx.commit()
    return dict(row)


def _changed(config: ProviderConfig, wanted: ChangeChannel) -> ProviderConfig:
    """Return the configuration with the members that the caller names; the provider stays."""
    if wanted.config is None:
        return config
    whole = {**public_part(config), **secret_part(config), **wanted.config}
    if whole["provider"] != config.provider:
        raise ConfigRefusedError([("provider",)], ["read_only"])
    try:
        return CONFIGS.validate_python(whole)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False, include_context=False)
        raise ConfigRefusedError(
            [fault["loc"][1:] for fault in found], [fault["type"] for fault in found]
        ) from None


async def subscribe(
    db: Database,
    keys: DataKeys,
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
    adapter = adapter_of(channel_id, row, keys, standins)
    request = adapter.subscribe(f"{base}{webhook_path(row['provider'], row['hook_key'])}")
    if request is None:
        raise SubscriptionError("by_hand" if is_heard(row["kind"]) else "no_reports")
    answered = await transport.call(request)
    code = answered.code if isinstance(answered, Lost) else adapter.subscribed(answered)
    if code is not None:
        raise SubscriptionError(code)
    return dict(row)


async def _one(tx: Transaction, channel_id: UUID, desks: Collection[str] | None) -> asyncpg.Record:
    row = await tx.conn.fetchrow(ONE, channel_id, None if desks is None else list(desks))
    if row is None:
        raise NotFoundError
    return row


async def announce_channels(db: Database, now: datetime) -> int:
    """Publish every channel whose version has not been published; return how many."""
    async with db.begin() as tx:
        rows = await tx.conn.fetch(ANNOUNCE)
        events = (
            Outgoing(
                f"channel:{row['id']}",
                row["desk"],
                now,
                ChannelChanged(
                    channel_id=row["id"],
                    code=row["code"],
                    kind=row["kind"],
                    active=row["active"],
                    version=row["version"],
                ),
                Cause.fresh(),
            )
            for row in rows
        )
        await outbox.add(tx, list(events))
        await tx.commit()
    return len(rows)
