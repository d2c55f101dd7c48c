"""SQL of refunds. The order's row is locked before; payout details are sealed in their row's place."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import asyncpg

from libs.common.platform.db import Database, Transaction
from libs.common.platform.ids import uuid7
from libs.common.platform.sealing import DataKeys, Place
from services.intake.refunds.rules import Details, Wish, end_of

UNDER_WAY = """
SELECT * FROM refund WHERE order_id = $1 AND state IN ('asked', 'details_wanted', 'details_given', 'confirmed')
"""
ASK = """
INSERT INTO refund (id, desk, lead_id, customer_id, order_id, state, amount, currency, package, asked_at, asked_by,
                    updated_at, version)
VALUES ($1, $2, $3, $4, $5, 'asked', $6, $7, $8, $9, $10, $9, 1)
RETURNING *
"""
STEP = """
UPDATE refund
SET state = $2, kept_by = coalesce($3, kept_by), amount = coalesce($4, amount), updated_at = $5,
    version = version + 1
WHERE id = $1
RETURNING *
"""
GIVE = """
UPDATE refund
SET state = 'details_given', full_name = $2, phone = $3, email = $4, details = $5, details_end = $6, due_on = $7,
    updated_at = $8, version = version + 1
WHERE id = $1
RETURNING *
"""
BACK = "SELECT coalesce(sum(coalesce(amount, $2)), 0) FROM refund WHERE order_id = $1 AND state = 'paid'"
KEYS = "SELECT DISTINCT split_part(details, '.', 2) FROM refund WHERE details IS NOT NULL"
OLD = """
SELECT id, details FROM refund WHERE details IS NOT NULL AND NOT starts_with(details, $1)
ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
"""
SEAL = "UPDATE refund SET details = $2 WHERE id = $1"


def place_of(refund_id: UUID) -> Place:
    """Return where payout details of a refund stand."""
    return Place("refund", "details", refund_id)


async def under_way(tx: Transaction, order_id: UUID) -> asyncpg.Record | None:
    """Return the order's refund that no step has ended yet."""
    return await tx.conn.fetchrow(UNDER_WAY, order_id)


async def paid_back(tx: Transaction, order_id: UUID, received: Decimal) -> Decimal:
    """Return what of an order was paid back; a refund without a sum was of all that is received."""
    back: Decimal = await tx.conn.fetchval(BACK, order_id, received)
    return back


async def ask(tx: Transaction, order: asyncpg.Record, wish: Wish, actor: str, now: datetime) -> asyncpg.Record:
    """Open a refund and return its row; its package is what was ordered."""
    package = ", ".join(str(item["title"]) for item in order["items"]) or None
    return await _one(
        tx, ASK, uuid7(), order["desk"], order["lead_id"], order["customer_id"], order["id"], wish.amount,
        order["currency"], package, now, actor,
    )  # fmt: skip


async def step(tx: Transaction, refund_id: UUID, wish: Wish, now: datetime) -> asyncpg.Record:
    """Write a step and return the refund's row."""
    return await _one(tx, STEP, refund_id, wish.state.value, wish.kept_by, wish.amount, now)


async def give(
    tx: Transaction, refund_id: UUID, details: Details, keys: DataKeys, due_on: date, now: datetime
) -> asyncpg.Record:
    """Write whom to pay back and to where, sealed, and return the refund's row."""
    sealed = keys.seal(details.payout, place_of(refund_id))
    return await _one(
        tx, GIVE, refund_id, details.full_name, details.phone, details.email, sealed, end_of(details.payout),
        due_on, now,
    )  # fmt: skip


class SealedDetails:
    """Payout details of refunds."""

    async def key_ids(self, db: Database) -> set[str]:
        """Return the keys that stored details name."""
        return {row[0] for row in await db.pool.fetch(KEYS)}

    async def reseal(self, db: Database, keys: DataKeys, limit: int, *, forget_plain: bool) -> int:
        """Seal what the first key has not sealed, and commit; return how many. None was ever plain."""
        async with db.begin() as tx:
            rows = await tx.conn.fetch(OLD, keys.prefix, limit)
            for row in rows:
                place = place_of(row["id"])
                await tx.conn.execute(SEAL, row["id"], keys.seal(keys.open(row["details"], place), place))
            await tx.commit()
        return len(rows)


async def _one(tx: Transaction, statement: str, *args: object) -> asyncpg.Record:
    row = await tx.conn.fetchrow(statement, *args)
    if row is None:
        raise LookupError(args[0])
    return row
