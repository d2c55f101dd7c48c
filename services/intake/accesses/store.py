"""SQL of access. The order's row is locked before."""

from datetime import datetime
from uuid import UUID

import asyncpg

from libs.common.contracts.shared import AccessAction
from libs.common.platform.db import Transaction
from libs.common.platform.ids import uuid7

REQUESTED = "SELECT * FROM access WHERE order_id = $1 AND action = $2 AND status = 'requested'"
REQUEST = """
INSERT INTO access (id, desk, lead_id, customer_id, order_id, action, status, refund_id, requested_at, requested_by,
                    version)
VALUES ($1, $2, $3, $4, $5, $6, 'requested', $7, $8, $9, 1)
RETURNING *
"""
FINISH = """
UPDATE access SET status = 'done', done_at = $2, done_by = $3, version = version + 1
WHERE id = $1 AND status = 'requested'
RETURNING *
"""


async def requested(tx: Transaction, order_id: UUID, action: AccessAction) -> asyncpg.Record | None:
    """Return what is still to be done to an order's access."""
    return await tx.conn.fetchrow(REQUESTED, order_id, action.value)


async def request(
    tx: Transaction, order: asyncpg.Record, action: AccessAction, refund_id: UUID | None, actor: str, now: datetime
) -> asyncpg.Record:
    """Write that something is to be done, and return its row."""
    row = await tx.conn.fetchrow(
        REQUEST, uuid7(), order["desk"], order["lead_id"], order["customer_id"], order["id"], action.value,
        refund_id, now, actor,
    )  # fmt: skip
    if row is None:
        raise LookupError(order["id"])
    return row


async def finish(tx: Transaction, access_id: UUID, actor: str, now: datetime) -> asyncpg.Record | None:
    """Write that it is done, and return its row; None: it was done before."""
    return await tx.conn.fetchrow(FINISH, access_id, now, actor)
