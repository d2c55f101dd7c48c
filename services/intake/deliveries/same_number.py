"""Whether an order is known already, by its number: calls of one source may name its id, its number, or both.

It stays known by what named it first, as the check of a school knows it too. Two connections may bring one order at
once, each by another name: the one that stores it holds the lock of its number, taken before it is looked for.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from libs.common.platform.db import Connection
from services.intake.deliveries.convert import DeliveryRow, as_known_order
from services.intake.deliveries.store import Runner
from services.intake.orders.rules import NUMBER

LOCK = """
SELECT pg_advisory_xact_lock(key) FROM (
    SELECT DISTINCT hashtextextended(source_id || ' ' || number, 0) AS key
    FROM unnest($1::text[], $2::text[]) AS g(source_id, number) ORDER BY key
) g
"""
# Of a call that names the number alone, the order that has it; of one that names both, an order that is known by
# its number alone, unless its id is known; never one whose customer is erased. An id may be the number of another
# order: that one is another, unless people have given it the number that it has, and who comes second is known by
# what says that it is a number.
KNOWN = f"""
SELECT g.n, coalesce(o.external_id, g.own) AS external_id
FROM (SELECT g.*, '{NUMBER}' || g.number AS own, g.number = g.external_id AS alone
      FROM unnest($1::uuid[], $2::text[], $3::text[]) WITH ORDINALITY AS g(source_id, number, external_id, n)) g
LEFT JOIN LATERAL (
    SELECT (k.external_number <> g.number AND (g.alone OR k.external_number = k.external_id)
            AND NOT EXISTS (SELECT FROM history h WHERE h.lead_id = k.lead_id AND h.order_id = k.id
                            AND h.what = 'order_fields' AND NOT starts_with(h.actor, 'source:'))) IS TRUE AS another
    FROM sales_order k WHERE k.source_id = g.source_id AND k.external_id = g.external_id LIMIT 1
) k ON true
LEFT JOIN LATERAL (
    SELECT o.external_id FROM sales_order o
    WHERE o.source_id = g.source_id AND o.external_number = g.number
      AND (g.alone AND o.external_id <> 'erased ' || o.id OR o.external_id IN (g.number, g.own))
    ORDER BY o.order_number LIMIT 1
) o ON true
WHERE CASE WHEN o.external_id IS NULL THEN k.another ELSE g.alone OR k.another IS NOT FALSE END
"""  # noqa: S608 - made of a constant


class Named(NamedTuple):
    """What one call says of which order it is: the number, and what it would be known by if it were new."""

    source_id: UUID
    number: str
    external_id: str


async def lock_numbers(conn: Connection, named: Sequence[Named]) -> None:
    """Let no other transaction store the orders of these numbers until this one ends.

    Call it once in a transaction, before it has locked anything that who stores an order locks.
    """
    await conn.execute(LOCK, [str(each.source_id) for each in named], [each.number for each in named])


async def known_by(db: Runner, named: Sequence[Named]) -> Mapping[Named, str]:
    """Return what orders are known by, where that is another name than the call would give."""
    found = await db.fetch(
        KNOWN,
        [each.source_id for each in named],
        [each.number for each in named],
        [each.external_id for each in named],
    )
    return {named[record["n"] - 1]: record["external_id"] for record in found}


def named_of(rows: Sequence[DeliveryRow]) -> list[Named]:
    """Return what those rows say whose number is the order's own."""
    return [named for row in rows if (named := _named(row)) is not None]


async def with_known_number(db: Runner, rows: Sequence[DeliveryRow]) -> list[DeliveryRow]:
    """Return the rows, those of orders that are known by another name as of them."""
    known = await known_by(db, named_of(rows))
    named = [_named(row) for row in rows]
    return [
        as_known_order(row, known[each]) if each is not None and each in known else row
        for row, each in zip(rows, named, strict=True)
    ]


def _named(row: DeliveryRow) -> Named | None:
    return None if row.number is None else Named(row.delivery.source.id, row.number, row.external_id)
