"""Orders of customers who are erased: a list of their source names them still, and is no news (P.7)."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from libs.common.contracts.shared import OrderStatus
from libs.common.platform.db import Transaction

#: What the source said last of the status of an order `o`: people may have changed it since.
SAID = """
coalesce((SELECT h.to_value FROM history h
          WHERE h.lead_id = o.lead_id AND h.order_id = o.id AND h.what = 'order_status'
            AND starts_with(h.actor, 'source:') ORDER BY h.id DESC LIMIT 1),
         (SELECT h.from_value FROM history h
          WHERE h.lead_id = o.lead_id AND h.order_id = o.id AND h.what = 'order_status'
          ORDER BY h.id LIMIT 1),
         o.status)
"""


def digest_of(source_id: str, external_id: str) -> str:
    """Return the SQL of what an order is known by that is forgotten; the arguments are SQL."""
    return f"sha256(convert_to({source_id}::text || ':' || {external_id}, 'UTF8'))"


FORGOTTEN = f"""
SELECT t.external_id, f.statuses FROM unnest($2::text[]) AS t (external_id)
JOIN forgotten_order f ON f.digest = {digest_of("$1::uuid", "t.external_id")}
"""  # noqa: S608 - columns of our own


async def forgotten(
    tx: Transaction, source_id: UUID, external_ids: Sequence[str]
) -> Mapping[str, frozenset[OrderStatus]]:
    """Return the statuses that orders had when they were forgotten."""
    rows = await tx.conn.fetch(FORGOTTEN, source_id, list(external_ids))
    return {row["external_id"]: frozenset(map(OrderStatus, filter(None, row["statuses"]))) for row in rows}
