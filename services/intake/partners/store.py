"""SQL that writes partners."""

from datetime import datetime
from uuid import UUID

import asyncpg

from libs.common.platform.db import Transaction
from services.intake.partners.convert import Card, columns_of

CREATE = """
INSERT INTO partner (id, desk, code, title, language, zone, hours, calls_go_to, operator_id, consultant_id, address,
                     site, person, active, card_link, cabinet_link, lines, listens, created_at, updated_at, version,
                     announced_version)
VALUES ($1, $2, $3, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $4, $4, 1, 1)
ON CONFLICT (desk, code) DO NOTHING
RETURNING id
"""
EXISTING = "SELECT id FROM partner WHERE desk = $1 AND code = $2"
LOCK = "SELECT * FROM partner WHERE id = $1 FOR UPDATE"
CHANGE = """
UPDATE partner
SET title = $3, language = $4, zone = $5, hours = $6, calls_go_to = $7, operator_id = $8, consultant_id = $9,
    address = $10, site = $11, person = $12, active = $13, card_link = $14, cabinet_link = $15, lines = $16,
    listens = $17, updated_at = $2, version = version + 1, announced_version = version + 1
WHERE id = $1
"""


# Locked in order: a worker that comes second waits, and finds them announced.
ANNOUNCE = """
UPDATE partner SET announced_version = version WHERE id IN (
    SELECT id FROM partner WHERE announced_version IS DISTINCT FROM version ORDER BY id LIMIT 100 FOR NO KEY UPDATE
)
RETURNING *
"""


async def create(tx: Transaction, partner_id: UUID, desk: str, code: str, card: Card, now: datetime) -> UUID | None:
    """Insert a partner; return the id of the one that has the code already, None when it was free."""
    if await tx.conn.fetchval(CREATE, partner_id, desk, code, now, *columns_of(card)) is not None:
        return None
    existing: UUID = await tx.conn.fetchval(EXISTING, desk, code)
    return existing


async def locked(tx: Transaction, partner_id: UUID) -> asyncpg.Record | None:
    """Lock and return a partner's row."""
    return await tx.conn.fetchrow(LOCK, partner_id)


async def find(tx: Transaction, desk: str, code: str) -> UUID | None:
    """Return the id of a desk's partner by code."""
    found: UUID | None = await tx.conn.fetchval(EXISTING, desk, code)
    return found


async def change(tx: Transaction, partner_id: UUID, card: Card, now: datetime) -> None:
    """Write a partner's card."""
    await tx.conn.execute(CHANGE, partner_id, now, *columns_of(card))
