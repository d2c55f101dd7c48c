"""SQL of connections: who may keep a line open, fenced by a token. Nothing here commits."""

from datetime import datetime, timedelta
from uuid import UUID

from libs.common.platform.db import Transaction

PUT = "INSERT INTO connection (name, desk, frames) VALUES ($1, $2, 0) ON CONFLICT (name) DO NOTHING"
TAKE = """
UPDATE connection SET holder = $2, held_until = clock_timestamp() + $3::interval
WHERE name = $1 AND (holder = $2 OR held_until IS NULL OR held_until <= clock_timestamp())
RETURNING name
"""
HOLD = """
UPDATE connection SET held_until = clock_timestamp() + $3::interval, frames = frames + $4
WHERE name = $1 AND holder = $2 AND held_until > clock_timestamp()
RETURNING name
"""
BROKEN = "UPDATE connection SET broken_at = coalesce(broken_at, $3) WHERE name = $1 AND holder = $2"
WHOLE = """
UPDATE connection c SET broken_at = NULL FROM connection before
WHERE c.name = $1 AND c.holder = $2 AND before.name = c.name
RETURNING before.broken_at
"""
LEAVE = "UPDATE connection SET holder = NULL, held_until = NULL WHERE name = $1 AND holder = $2"


async def put(tx: Transaction, name: str, desk: str) -> None:
    """Make a connection that any replica may open; a known one stays as it is."""
    await tx.conn.execute(PUT, name, desk)


async def take(tx: Transaction, name: str, holder: UUID, duration: timedelta) -> bool:
    """Take the lease if no other holder has it."""
    return await tx.conn.fetchval(TAKE, name, holder, duration) is not None


async def hold(tx: Transaction, name: str, holder: UUID, duration: timedelta, frames: int = 0) -> bool:
    """Renew the lease and count frames; False when it is over."""
    return await tx.conn.fetchval(HOLD, name, holder, duration, frames) is not None


async def broken(tx: Transaction, name: str, holder: UUID, now: datetime) -> None:
    """Note when the line went down, if it is not down already."""
    await tx.conn.execute(BROKEN, name, holder, now)


async def whole(tx: Transaction, name: str, holder: UUID) -> datetime | None:
    """Note that the line is up; return since when it was not."""
    since: datetime | None = await tx.conn.fetchval(WHOLE, name, holder)
    return since


async def leave(tx: Transaction, name: str, holder: UUID) -> None:
    """Give the lease back."""
    await tx.conn.execute(LEAVE, name, holder)
