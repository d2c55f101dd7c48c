"""Reading channels, without their API keys."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select

from libs.common.platform.db import Database
from services.notifications.channels.tables import channel

_SHOWN = [column for column in channel.c if column.name not in ("api_key", "account")]


async def list_channels(
    db: Database, desks: Collection[str] | None, before: UUID | None, limit: int
) -> Sequence[dict[str, object]]:
    """Return channels, newest first; `desks` None means all."""
    query = select(*_SHOWN).order_by(channel.c.id.desc()).limit(limit)
    if desks is not None:
        query = query.where(channel.c.desk.in_(desks))
    if before is not None:
        query = query.where(channel.c.id < before)
    async with db.read() as conn:
        return [dict(row) for row in (await conn.execute(query)).mappings()]


async def one_channel(db: Database, channel_id: UUID, desks: Collection[str] | None) -> dict[str, object] | None:
    """Return a channel that the desks may see, or None."""
    query = select(*_SHOWN).where(channel.c.id == channel_id)
    if desks is not None:
        query = query.where(channel.c.desk.in_(desks))
    async with db.read() as conn:
        row = (await conn.execute(query)).mappings().one_or_none()
    return None if row is None else dict(row)
