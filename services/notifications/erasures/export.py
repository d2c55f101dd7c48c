"""What of notifications' tables belongs to a customer."""

from uuid import UUID

from libs.common.platform.db import Database
from libs.common.platform.erasure.export import Exported

_THEIRS = "customer_id = ANY($1::uuid[]) OR lead_id = ANY($1::uuid[])"
_WHOLE = """
WITH RECURSIVE root AS (
    SELECT $1::uuid AS id, 0 AS step
    UNION SELECT m.winner_id, step + 1 FROM merged_customer m JOIN root ON m.loser_id = root.id WHERE step < 100
), whole AS (
    SELECT id FROM root UNION SELECT m.loser_id FROM merged_customer m JOIN whole ON m.winner_id = whole.id
)
SELECT id FROM whole UNION SELECT lead_id FROM message WHERE customer_id IN (SELECT id FROM whole)
UNION SELECT lead_id FROM received_message WHERE customer_id IN (SELECT id FROM whole)
"""
_MESSAGES = f"message_id IN (SELECT id FROM message WHERE {_THEIRS})"  # noqa: S608 - a constant

EXPORTED: Exported = {
    "thread": "id = ANY($1::uuid[])",
    "received_message": _THEIRS,
    "media": f"message_id IN (SELECT id FROM received_message WHERE {_THEIRS})",  # noqa: S608 - a constant
    "message": _THEIRS,
    "attempt": _MESSAGES,
    "callback": _MESSAGES,
    "feed_item": "lead_id = ANY($1::uuid[])",
}


async def ids_of(db: Database, customer_id: UUID) -> list[UUID]:
    """Return all ids of a customer and of the leads that messages name."""
    return [row["id"] for row in await db.pool.fetch(_WHOLE, customer_id) if row["id"] is not None]
