"""SQL of who works leads."""

from collections.abc import Collection, Mapping
from uuid import UUID

from libs.common.platform.db import Transaction
from services.notifications.leads.rules import Working

READ = """
SELECT lead_id, owner_id, task_id, holder_id, sequence, heir FROM lead_operator WHERE lead_id = ANY($1::uuid[])
"""
LOCK = f"{READ} ORDER BY lead_id FOR NO KEY UPDATE"
WRITE = """
INSERT INTO lead_operator AS l (desk, lead_id, owner_id, task_id, holder_id, sequence, heir)
SELECT * FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::bigint[], $7::bool[])
ORDER BY 2
ON CONFLICT (lead_id) DO UPDATE
SET owner_id = excluded.owner_id, task_id = excluded.task_id, holder_id = excluded.holder_id,
    sequence = excluded.sequence, heir = excluded.heir
WHERE l.sequence < excluded.sequence
"""


async def working_on(tx: Transaction, leads: Collection[UUID]) -> dict[UUID, Working]:
    """Return who works leads, by lead, their rows locked; none for one that is not known."""
    return {row[0]: Working(*row[1:]) for row in await tx.conn.fetch(LOCK, list(leads))}


async def listeners_of(tx: Transaction, leads: Collection[UUID]) -> dict[UUID | None, UUID]:
    """Return who hears of leads, by lead; none for one that no operator works."""
    rows = await tx.conn.fetch(READ, list(leads)) if leads else []
    found = {row[0]: Working(*row[1:]).listener for row in rows}
    return {lead_id: operator for lead_id, operator in found.items() if operator is not None}


async def write(tx: Transaction, working: Mapping[UUID, tuple[str, Working]]) -> None:
    """Write who works leads, each with its desk."""
    rows = [
        (desk, lead_id, one.owner_id, one.task_id, one.holder_id, one.sequence, one.heir)
        for lead_id, (desk, one) in working.items()
    ]
    await tx.conn.execute(WRITE, *(list(column) for column in zip(*rows, strict=True)))
