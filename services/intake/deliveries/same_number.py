"""Whether an order is known already, by its number: calls of one source may name its id, its number, or both.

It stays known by what named it first, as the check of a school knows it too. Two connections may bring one order at
once, each by another name: the one that stores it holds the lock of its number, taken before it is looked for.
"""

from collections.abc import Sequence

from libs.common.platform.db import Connection
from services.intake.deliveries.convert import DeliveryRow, as_known_order
from services.intake.deliveries.store import Runner

LOCK = """
SELECT pg_advisory_xact_lock(key) FROM (
    SELECT DISTINCT hashtextextended(source_id || ' ' || number, 0) AS key
    FROM unnest($1::text[], $2::text[]) AS g(source_id, number) ORDER BY key
) g
"""
# Of a call that names both, an order that is known by its number alone, unless its id is known; of a call that
# names the number alone, the order that has it. An id may be the number of another.
KNOWN = """
SELECT g.n, o.external_id FROM unnest($1::uuid[], $2::text[], $3::text[]) WITH ORDINALITY
    AS g(source_id, number, external_id, n)
CROSS JOIN LATERAL (
    SELECT o.external_id FROM sales_order o
    WHERE o.source_id = g.source_id AND o.external_number = g.number
      AND g.number IN (g.external_id, o.external_id) ORDER BY o.order_number LIMIT 1
) o
WHERE g.number = g.external_id
   OR NOT EXISTS (SELECT FROM sales_order k WHERE k.source_id = g.source_id AND k.external_id = g.external_id)
"""


async def lock_numbers(conn: Connection, rows: Sequence[DeliveryRow]) -> None:
    """Let no other transaction store the orders of these numbers until this one ends."""
    named = [row for row in rows if row.number is not None]
    await conn.execute(LOCK, [str(row.delivery.source.id) for row in named], [row.number for row in named])


async def with_known_number(db: Runner, rows: Sequence[DeliveryRow]) -> list[DeliveryRow]:
    """Return the rows, those of orders that are known by their number as of them."""
    asked = [n for n, row in enumerate(rows) if row.number is not None]
    found = await db.fetch(
        KNOWN,
        [rows[n].delivery.source.id for n in asked],
        [rows[n].number for n in asked],
        [rows[n].external_id for n in asked],
    )
    known = {asked[record["n"] - 1]: record["external_id"] for record in found}
    return [as_known_order(row, known[n]) if n in known else row for n, row in enumerate(rows)]
