"""Whether an order is known already, by another name: calls of one source may name its id, its number, or both.

A school's ids and its numbers are two namespaces: the same text may be the id of one order and the number of
another. An order stays known by what named it first (`external_id`), as the check of a school knows it too:

- by its id; its number stands beside it,
- by its number, when that named it alone; the id that a call with both names says later is kept as its alias,
- by its number after `number:`, when that text is the id of another,
- by the number that we gave it (S4.8), also where the school answers another.

The id decides where a call says one; the number where it is said alone, or where its id is new. Who comes second to
a text is known by what says that it is a number. Deliberately not distinguished are an id alone and the number of
another order, as long as no call has said both names of an order of that id, and a number alone and the id of an
order of which no call has said a number. By a number that people have replaced no order is found that is known by
its id.

Two connections may bring one order at once, each by another name: the one that stores it holds the locks of all
names that it says, taken before it is looked for.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from libs.common.platform.db import Connection
from services.intake.deliveries.convert import DeliveryRow, as_known_order
from services.intake.deliveries.store import Runner
from services.intake.orders.rules import NUMBER
from services.intake.placements.rules import OURS

LOCK = """
SELECT pg_advisory_xact_lock(key) FROM (
    SELECT DISTINCT hashtextextended(g.source_id || ' ' || name, 0) AS key
    FROM unnest($1::text[], $2::text[], $3::text[]) AS g(source_id, number, external_id)
    CROSS JOIN LATERAL unnest(ARRAY[g.number, g.external_id]) AS name
    WHERE name IS NOT NULL ORDER BY key
) g
"""
#: Whether an order `o` is known by its number, not by its id; NULL where nothing says so. People may have changed
#: the number since: their first change says what it was.
BY_NUMBER = f"""
(o.external_id = o.external_number OR o.external_alias IS NOT NULL OR o.external_id ~ '^{OURS.pattern}$'
 OR EXISTS (SELECT FROM history h
            WHERE h.lead_id = o.lead_id AND h.order_id = o.id AND h.what = 'order_fields'
              AND strpos(', ' || h.from_value || ', ', ', external_number=' || o.external_id || ', ') > 0))
"""
# `o` has the number, `a` the id as its alias; `k` is known by the same text, as an id or as a number.
KNOWN = f"""
SELECT g.n, CASE WHEN g.alone THEN coalesce(o.external_id, CASE WHEN NOT k.by_number THEN g.own END)
                 WHEN k.there AND k.by_number IS NOT TRUE THEN g.external_id
                 ELSE coalesce(a.external_id, o.external_id, CASE WHEN k.there THEN g.own END) END AS external_id
FROM (SELECT g.*, '{NUMBER}' || g.number AS own, g.number IS NOT DISTINCT FROM g.external_id AS alone
      FROM unnest($1::uuid[], $2::text[], $3::text[]) WITH ORDINALITY AS g(source_id, number, external_id, n)) g
LEFT JOIN LATERAL (
    SELECT true AS there, {BY_NUMBER} AS by_number FROM sales_order o
    WHERE o.source_id = g.source_id AND o.external_id = g.external_id LIMIT 1
) k ON true
LEFT JOIN LATERAL (
    SELECT o.external_id
    FROM (SELECT * FROM sales_order WHERE source_id = g.source_id AND external_number = g.number
          UNION ALL
          SELECT * FROM sales_order WHERE source_id = g.source_id AND external_id IN (g.number, g.own)) o
    WHERE o.external_id <> 'erased ' || o.id
      AND (g.alone AND o.external_number = g.number OR o.external_id = g.own OR {BY_NUMBER})
    ORDER BY o.external_id IN (g.number, g.own) DESC, o.order_number LIMIT 1
) o ON true
LEFT JOIN LATERAL (
    SELECT a.external_id FROM sales_order a
    WHERE a.source_id = g.source_id AND a.external_alias = g.external_id
    ORDER BY a.order_number LIMIT 1
) a ON true
"""  # noqa: S608 - made of constants
UNREMEMBERED = """
SELECT g.n FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS g(source_id, known, n)
JOIN sales_order o ON o.source_id = g.source_id AND o.external_id = g.known AND o.external_alias IS NULL
"""
# Who stores a call has locked its order already. The check has not, where a list says nothing new of it: it waits
# for none that another holds, and leaves it to the next list.
REMEMBER = """
WITH free AS (
    SELECT o.id, g.external_id
    FROM unnest($1::uuid[], $2::text[], $3::text[]) AS g(source_id, known, external_id)
    JOIN sales_order o ON o.source_id = g.source_id AND o.external_id = g.known AND o.external_alias IS NULL
    ORDER BY o.id FOR NO KEY UPDATE OF o SKIP LOCKED
)
UPDATE sales_order o SET external_alias = free.external_id FROM free WHERE o.id = free.id
"""


class Named(NamedTuple):
    """What one call says of which order it is: the number, and what it would be known by if it were new."""

    source_id: UUID
    number: str | None
    external_id: str

    @property
    def both(self) -> bool:
        """Whether it says an id and a number."""
        return self.number not in {None, self.external_id}


async def lock_names(conn: Connection, named: Sequence[Named]) -> None:
    """Let no other transaction store orders of these names until this one ends.

    Call it once in a transaction, before it has locked anything that who stores an order locks.
    """
    await conn.execute(
        LOCK,
        [str(each.source_id) for each in named],
        [each.number for each in named],
        [each.external_id for each in named],
    )


async def known_by(db: Runner, named: Sequence[Named]) -> Mapping[Named, str]:
    """Return what orders are known by, where that is another name than the call would give."""
    if not named:
        return {}
    found = await db.fetch(
        KNOWN,
        [each.source_id for each in named],
        [each.number for each in named],
        [each.external_id for each in named],
    )
    names = ((named[record["n"] - 1], record["external_id"]) for record in found)
    return {each: name for each, name in names if name not in {None, each.external_id}}


async def unremembered(db: Runner, known: Mapping[Named, str]) -> set[Named]:
    """Return what says the id of an order of which no id is kept."""
    said = [(each, name) for each, name in known.items() if each.both]
    found = await db.fetch(UNREMEMBERED, [each.source_id for each, _ in said], [name for _, name in said])
    return {said[record["n"] - 1][0] for record in found}


async def remember(conn: Connection, known: Mapping[Named, str]) -> None:
    """Keep the ids of orders that are known by their numbers. Call it when they are stored."""
    said = [(each, name) for each, name in known.items() if each.both]
    if said:
        sources, names = [each.source_id for each, _ in said], [name for _, name in said]
        await conn.execute(REMEMBER, sources, names, [each.external_id for each, _ in said])


def named_of(row: DeliveryRow) -> Named | None:
    """Return what a row says of which order it is; None when that is known by one name alone."""
    return Named(row.delivery.source.id, row.number, row.external_id) if row.by_names else None


def all_named(rows: Sequence[DeliveryRow]) -> list[Named]:
    """Return what rows say of which orders they are."""
    return [named for row in rows if (named := named_of(row)) is not None]


def as_known(row: DeliveryRow, known: Mapping[Named, str]) -> DeliveryRow:
    """Return the row, that of an order which is known by another name as of it."""
    named = named_of(row)
    return row if named is None or named not in known else as_known_order(row, known[named])
