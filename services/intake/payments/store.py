"""SQL of payments. The order's row is locked before: what two people enter at once follows one another."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

import asyncpg

from libs.common.contracts.shared import PaymentKind
from libs.common.platform.db import Transaction
from libs.common.platform.ids import uuid7
from services.intake.payment_reports.store import IN_THE_AIR, LEFT_TO_A_PERSON
from services.intake.payments.rules import Entry, Standing

ORDER = "SELECT * FROM sales_order WHERE id = $1 AND desk = $2 FOR UPDATE"
OF_ORDER = "SELECT * FROM payment WHERE order_id = $1 ORDER BY id"
ADD = """
INSERT INTO payment (id, desk, lead_id, customer_id, order_id, kind, type, status, amount, currency, paid_at,
                     reference, reported, recorded_at, recorded_by, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, 'received', $8, $9, $10, $11, false, $12, $13, 1)
ON CONFLICT (desk, reference) WHERE reference IS NOT NULL DO NOTHING
RETURNING *
"""
BY_REFERENCE = "SELECT * FROM payment WHERE desk = $1 AND reference = $2"
DELETE = """
UPDATE payment
SET status = 'deleted', deleted_at = $2, deleted_by = $3, deleted_reason = $4, version = version + 1
WHERE id = $1 AND kind = 'manual' AND status = 'received'
RETURNING *
"""
STAND = """
UPDATE sales_order SET status = $2, unpaid_status = $3, version = version + 1 WHERE id = $1 RETURNING *
"""
LOG = """
INSERT INTO history (desk, lead_id, order_id, at, what, actor, from_value, to_value, reason, cause_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
# The oldest order first; one that another process books now is left to it. What a source says while a payment is
# reported to it may have that one in it, so it waits for the answer; so it does for a person who enters one there.
_UNBOOKED = f"""
FROM sales_order o WHERE o.said_paid > o.booked_paid AND NOT {IN_THE_AIR} AND NOT {LEFT_TO_A_PERSON}
"""
UNBOOKED = f"SELECT o.* {_UNBOOKED} ORDER BY o.id LIMIT 1 FOR UPDATE OF o SKIP LOCKED"
# The first in the order of the index of unbooked ones: the server expects a third of all orders to be unbooked, and
# looks for any of them by reading all.
ARE_UNBOOKED = f"(SELECT o.id {_UNBOOKED} ORDER BY o.id LIMIT 1) IS NOT NULL"
BOOK = "UPDATE sales_order SET booked_paid = said_paid WHERE id = $1"


class Line(NamedTuple):
    """A line of a lead's history."""

    what: str
    actor: str
    before: str | None
    after: str | None
    reason: str
    cause_id: UUID


async def locked_order(tx: Transaction, order_id: UUID, desk: str) -> asyncpg.Record | None:
    """Lock and return an order of the desk."""
    return await tx.conn.fetchrow(ORDER, order_id, desk)


async def of_order(tx: Transaction, order_id: UUID) -> Sequence[asyncpg.Record]:
    """Return the payments of an order, the oldest first."""
    return await tx.conn.fetch(OF_ORDER, order_id)


async def by_reference(tx: Transaction, desk: str, reference: str) -> asyncpg.Record | None:
    """Return the payment of a number where it comes from."""
    return await tx.conn.fetchrow(BY_REFERENCE, desk, reference)


async def add(
    tx: Transaction, order: asyncpg.Record, entry: Entry | None, amount: Decimal, actor: str, now: datetime
) -> asyncpg.Record | None:
    """Record a payment and return its row; without an entry it is the source's. None: its reference is known."""
    kind = PaymentKind.AUTOMATIC if entry is None else PaymentKind.MANUAL
    return await tx.conn.fetchrow(
        ADD, uuid7(), order["desk"], order["lead_id"], order["customer_id"], order["id"], kind.value,
        entry and entry.type.strip(), amount, order["currency"], (entry and entry.paid_at) or now,
        entry and entry.reference, now, actor,
    )  # fmt: skip


async def delete(
    tx: Transaction, payment_id: UUID, actor: str, reason: str, now: datetime
) -> asyncpg.Record | None:
    """Delete a manual payment that stands and return its row."""
    return await tx.conn.fetchrow(DELETE, payment_id, now, actor, reason)


async def stand(tx: Transaction, order_id: UUID, to: Standing) -> asyncpg.Record:
    """Write an order's status by its payments, with a new version, and return its row."""
    row = await tx.conn.fetchrow(STAND, order_id, to.status.value, to.unpaid and to.unpaid.value)
    if row is None:
        raise LookupError(order_id)
    return row


async def log(tx: Transaction, order: asyncpg.Record, line: Line, now: datetime) -> None:
    """Write a line of a lead's history."""
    await tx.conn.execute(
        LOG, order["desk"], order["lead_id"], order["id"], now, line.what, line.actor, line.before, line.after,
        line.reason, line.cause_id,
    )  # fmt: skip
