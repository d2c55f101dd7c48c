"""What of intake's tables belongs to a customer."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from libs.common.platform.db import Database
from libs.common.platform.erasure.export import Exported

_OF_CUSTOMER = "customer_id = ANY($1::uuid[])"
_OF_LEAD = "lead_id = ANY($1::uuid[])"
_OF_NUMBER = (
    "(desk, to_number) IN (SELECT i.desk, i.value FROM customer_identity i"
    " WHERE i.kind = 'phone' AND i.customer_id = ANY($1::uuid[]))"
)
_IDS = """
WITH whole AS (SELECT id FROM customer WHERE id = $1 OR merged_into = $1)
SELECT id FROM whole UNION ALL SELECT id FROM lead WHERE customer_id IN (SELECT id FROM whole)
"""
EXPORTED: Exported = {
    "customer": "id = ANY($1::uuid[])",
    "customer_identity": _OF_CUSTOMER,
    "identity_change": _OF_CUSTOMER,
    "consent": _OF_CUSTOMER,
    "lead": "id = ANY($1::uuid[])",
    "history": _OF_LEAD,
    "sales_order": _OF_LEAD,
    "imported_payment": _OF_LEAD,
    "placement": _OF_LEAD,
    "payment": _OF_LEAD,
    "payment_report": _OF_LEAD,
    "refund": _OF_LEAD,
    "access": _OF_LEAD,
    "appointment": _OF_LEAD,
    "contact": f"{_OF_CUSTOMER} OR {_OF_LEAD}",
    # Who is called by their number alone has no lead.
    "call": f"{_OF_LEAD} OR lead_id IS NULL AND {_OF_NUMBER}",
    "delivery": _OF_LEAD,
}
#: What is sealed, and shown whole to who pays alone.
SEALED: Mapping[str, Sequence[str]] = {"refund": ("details",)}


async def ids_of(db: Database, customer_id: UUID) -> list[UUID]:
    """Return all ids of a customer and of their leads."""
    return [row["id"] for row in await db.pool.fetch(_IDS, customer_id)]
