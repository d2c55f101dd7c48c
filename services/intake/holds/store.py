"""SQL of held prices, and of when packages begin."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from libs.common.platform.db import Connection, Database

# The first of the order's packages, by the codes or titles of its lines.
STARTS = """
SELECT min(s.starts_at) FROM package_start s
JOIN jsonb_array_elements($2::jsonb) item ON s.code IN (item ->> 'code', item ->> 'title')
WHERE s.desk = $1
"""
HOLD = "UPDATE sales_order SET held_until = $2, version = version + 1 WHERE id = $1 RETURNING *"
SET = """
INSERT INTO package_start (desk, code, starts_at) VALUES ($1, $2, $3)
ON CONFLICT (desk, code) DO UPDATE SET starts_at = excluded.starts_at
"""
UNSET = "DELETE FROM package_start WHERE desk = $1 AND code = $2"
LISTED = "SELECT desk, code, starts_at FROM package_start WHERE desk = ANY($1::text[]) ORDER BY desk, code"


async def starts_at(conn: Connection, desk: str, items: object) -> datetime | None:
    """Return when the first of these lines begins; None: nobody has said."""
    found: datetime | None = await conn.fetchval(STARTS, desk, items)
    return found


async def hold(conn: Connection, order_id: UUID, until: datetime | None) -> asyncpg.Record:
    """Write until when an order's price is held, and return its row."""
    row = await conn.fetchrow(HOLD, order_id, until)
    if row is None:
        raise LookupError(order_id)
    return row


async def say(conn: Connection, desk: str, code: str, starts_at: datetime | None) -> None:
    """Write when a package begins; None takes that away."""
    await (conn.execute(UNSET, desk, code) if starts_at is None else conn.execute(SET, desk, code, starts_at))


async def listed(db: Database, desks: Sequence[str]) -> Sequence[asyncpg.Record]:
    """Return when packages of desks begin."""
    return await db.pool.fetch(LISTED, list(desks))
