"""SQL of imported payments."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import asyncpg

from libs.common.platform.db import Transaction
from libs.common.platform.ids import uuid7
from services.intake.formats.rules import BEFORE_PAID
from services.intake.payment_imports.rules import AFTER, BEFORE, WAITING, Candidate, Imported, Judged, MatchState

ONE_BY_ONE = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
KNOWN = "SELECT key, state FROM imported_payment WHERE desk = $1 AND key = ANY($2)"
TAKEN = """
SELECT order_id FROM imported_payment
WHERE desk = $1 AND order_id IS NOT NULL AND state IN ('proposed', 'confirmed') AND key <> ALL($2)
  AND order_id = ANY($3)
"""
# Orders that can still be paid, of leads of these days.
ORDERS = """
SELECT o.id AS order_id, o.lead_id, coalesce(l.name, c.name) AS name, m.left, o.currency, o.created_at
FROM lead l JOIN sales_order o ON o.lead_id = l.id JOIN customer c ON c.id = l.customer_id
CROSS JOIN LATERAL (
    -- What people have entered is in the source's own sum once it was told of it.
    SELECT o.amount - coalesce(o.paid, 0) - coalesce(sum(p.amount), 0) AS left FROM payment p
    WHERE p.order_id = o.id AND p.kind = 'manual' AND p.status = 'received' AND NOT p.reported
) m
WHERE l.desk = $1 AND l.created_at >= $2 AND l.created_at < $3 AND o.status = ANY($4) AND m.left = ANY($5)
  AND coalesce(l.name, c.name) IS NOT NULL
ORDER BY o.order_number
"""
# A payment that no person has decided on is judged anew: its order may have come since.
WRITE = """
INSERT INTO imported_payment AS p (id, desk, key, paid_on, name, amount, currency, external_id, state, order_id,
                                   lead_id, candidates, imported_at, imported_by, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 1)
ON CONFLICT (desk, key) DO UPDATE
SET state = excluded.state, order_id = excluded.order_id, lead_id = excluded.lead_id,
    candidates = excluded.candidates, version = p.version + 1
WHERE p.state = ANY($15) AND (p.state, p.order_id, p.candidates)
      IS DISTINCT FROM (excluded.state, excluded.order_id, excluded.candidates)
"""
PAYMENT = "SELECT * FROM imported_payment WHERE id = $1 FOR UPDATE"
ORDER = "SELECT id, lead_id FROM sales_order WHERE id = $1 AND desk = $2"
DECIDE = """
UPDATE imported_payment
SET state = $2, order_id = $3, lead_id = $4, decided_at = $5, decided_by = $6, version = version + 1
WHERE id = $1
"""


async def known(tx: Transaction, desk: str, payments: Sequence[Imported]) -> dict[str, MatchState]:
    """Return what has become of payments that came before; who imports for a desk waits for who does it now."""
    await tx.conn.execute(ONE_BY_ONE, f"imported_payment {desk}")
    rows = await tx.conn.fetch(KNOWN, desk, [payment.key for payment in payments])
    return {row["key"]: MatchState(row["state"]) for row in rows}


async def candidates(
    tx: Transaction, desk: str, payments: Sequence[Imported], midnight: datetime
) -> list[Candidate]:
    """Return the orders that one of the payments may be of by its amount; `midnight`: of today, at the desk."""
    if not payments:
        return []
    days = [payment.paid_on for payment in payments]
    begins, ends = _moment(min(days), midnight) - BEFORE, _moment(max(days), midnight) + 2 * AFTER
    amounts: list[Decimal] = sorted({payment.amount for payment in payments})
    statuses = sorted(status.value for status in BEFORE_PAID)
    rows = await tx.conn.fetch(ORDERS, desk, begins, ends, statuses, amounts)
    return [
        Candidate(
            row["order_id"], row["lead_id"], row["name"], row["left"], row["currency"],
            row["created_at"].astimezone(midnight.tzinfo).date(),
        )
        for row in rows
    ]  # fmt: skip


async def taken(tx: Transaction, desk: str, payments: Sequence[Imported], orders: Sequence[Candidate]) -> set[UUID]:
    """Return the orders that other payments are proposed for, or were confirmed for."""
    keys = [payment.key for payment in payments]
    rows = await tx.conn.fetch(TAKEN, desk, keys, [each.order_id for each in orders])
    return {row["order_id"] for row in rows}


async def write(
    tx: Transaction,
    desk: str,
    payments: Sequence[Imported],
    judged: Mapping[str, Judged],
    actor: str,
    now: datetime,
) -> None:
    """Write payments with what is proposed for them."""
    waiting = [state.value for state in WAITING]
    rows = []
    for payment in payments:
        said = judged[payment.key]
        only = said.proposed
        rows.append((
            uuid7(), desk, payment.key, payment.paid_on, payment.name, payment.amount, payment.currency,
            payment.external_id, said.state.value, only.order_id if only else None, only.lead_id if only else None,
            [each.order_id for each in said.candidates], now, actor, waiting,
        ))  # fmt: skip
    await tx.conn.executemany(WRITE, rows)


async def decide(
    tx: Transaction, payment_id: UUID, state: MatchState, order: asyncpg.Record | None, actor: str, now: datetime
) -> None:
    """Write what a person has decided."""
    order_id, lead_id = (order["id"], order["lead_id"]) if order is not None else (None, None)
    await tx.conn.execute(DECIDE, payment_id, state.value, order_id, lead_id, now, actor)


def _moment(day: date, midnight: datetime) -> datetime:
    return datetime.combine(day, midnight.timetz())
