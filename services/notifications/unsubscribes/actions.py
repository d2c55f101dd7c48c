"""Use case: the reader of an advertisement wants no more of them, by any channel (P.14)."""

from datetime import datetime
from uuid import UUID

from libs.common.platform.db import Database
from services.notifications.errors import NotFoundError
from services.notifications.unsubscribes.store import BY_LINK, KINDS, end_advertisements


async def may_unsubscribe(db: Database, attempt_id: UUID) -> bool:
    """Return whether the link is one of ours."""
    return await db.pool.fetchrow(BY_LINK, attempt_id, KINDS) is not None


async def unsubscribe(db: Database, attempt_id: UUID, now: datetime, traceparent: str | None) -> None:
    """End advertisements to who got this one."""
    async with db.begin() as tx:
        row = await tx.conn.fetchrow(BY_LINK, attempt_id, KINDS)
        if row is None:
            raise NotFoundError
        await end_advertisements(tx, [row], now, traceparent)
        await tx.commit()
