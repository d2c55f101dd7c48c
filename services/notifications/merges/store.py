"""SQL of merged customers: the families that threads are made of."""

from collections.abc import Collection
from uuid import UUID

from libs.common.platform.db import Transaction

FAMILIES = """
WITH RECURSIVE up AS (
    SELECT id, id AS root FROM unnest($1::uuid[]) AS t (id)
    UNION SELECT up.id, m.winner_id FROM up JOIN merged_customer m ON m.loser_id = up.root
), down AS (
    SELECT root, root AS member FROM up WHERE NOT EXISTS (SELECT FROM merged_customer WHERE loser_id = up.root)
    UNION SELECT down.root, m.loser_id FROM down JOIN merged_customer m ON m.winner_id = down.member
)
SELECT root, member FROM down
"""


async def families(tx: Transaction, ids: Collection[UUID]) -> list[tuple[UUID, UUID]]:
    """Return whom these are by now and all that are one with them, as pairs of the last winner and a member.

    Who was never merged is a family of one.
    """
    return [(row["root"], row["member"]) for row in await tx.conn.fetch(FAMILIES, list(ids))]
