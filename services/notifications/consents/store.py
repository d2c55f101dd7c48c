"""SQL of what customers are not written to for, and the attempts that nothing has left for yet."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from libs.common.contracts import Received
from libs.common.contracts.consents import ConsentChanged
from libs.common.platform.db import Transaction
from services.notifications.consents.rules import Consent

READ = "SELECT customer_id, closed, listed FROM consent WHERE customer_id = ANY($1::uuid[])"
WRITE = """
INSERT INTO consent AS k (customer_id, desk, closed, listed, sequence) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (customer_id) DO UPDATE
SET closed = excluded.closed, listed = excluded.listed, sequence = excluded.sequence
WHERE k.sequence < excluded.sequence
RETURNING customer_id
"""
# What is being claimed at this moment is left out: each claim looks at the row of its customer.
STOP = """
UPDATE attempt SET state = 'refused', code = $3
WHERE id IN (SELECT a.id FROM attempt a JOIN message m ON m.id = a.message_id
             WHERE m.customer_id = $1 AND m.marketing = $2 AND m.state = 'pending'
               AND a.state IN ('pending', 'held') AND a.offered_at IS NULL
             ORDER BY a.id FOR UPDATE OF a SKIP LOCKED)
RETURNING message_id, rung
"""


async def consents_of(tx: Transaction, customers: Collection[UUID]) -> Mapping[UUID, Consent]:
    """Return for what customers are not written to; none of who never withdrew anything."""
    rows = await tx.conn.fetch(READ, list(customers)) if customers else []
    return {row["customer_id"]: Consent(row["closed"], row["listed"]) for row in rows}


async def write(tx: Transaction, event: Received[ConsentChanged]) -> bool:
    """Write what an event says; False when a newer one was there."""
    data = event.data
    return (
        await tx.conn.fetchval(WRITE, data.customer_id, event.desk, list(data.closed), data.listed, event.sequence)
        is not None
    )


async def stop(tx: Transaction, customer_id: UUID, code: str, *, marketing: bool) -> Sequence[tuple[UUID, int]]:
    """Refuse attempts that nothing has left for; return their messages and rungs."""
    rows = await tx.conn.fetch(STOP, customer_id, marketing, code)
    return [(row["message_id"], row["rung"]) for row in rows]
