"""Reading channels, without their secrets."""

from collections.abc import Collection
from uuid import UUID

import asyncpg
from sqlalchemy import RowMapping, select

from libs.common.platform.db import Database
from libs.common.platform.http.pagination import Cut, PageQuery, paginate
from services.notifications.channels.tables import channel

BY_KEY = """
SELECT id, version, desk, kind, provider, config, secrets, api_key, provider_channel_id
FROM channel WHERE hook_key = $1 AND provider = $2
"""
_SHOWN = [column for column in channel.c if column.name not in ("api_key", "secrets", "account")]


async def list_channels(db: Database, desks: Collection[str] | None, asked: PageQuery) -> Cut[RowMapping]:
    """Return channels, newest first; `desks` None means all."""
    query = select(*_SHOWN)
    if desks is not None:
        query = query.where(channel.c.desk.in_(desks))
    async with db.read() as conn:
        return await paginate(conn, query, "-id", [channel.c.id], asked)


async def one_channel(db: Database, channel_id: UUID, desks: Collection[str] | None) -> dict[str, object] | None:
    """Return a channel that the desks may see, or None."""
    query = select(*_SHOWN).where(channel.c.id == channel_id)
    if desks is not None:
        query = query.where(channel.c.desk.in_(desks))
    async with db.read() as conn:
        row = (await conn.execute(query)).mappings().one_or_none()
    return None if row is None else dict(row)


async def channel_of_webhook(db: Database, provider: str, hook_key: str) -> asyncpg.Record | None:
    """Return what the adapter of a webhook's channel is made of, or None for an unknown key."""
    return await db.pool.fetchrow(BY_KEY, hook_key, provider)
