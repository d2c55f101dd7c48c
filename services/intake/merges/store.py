"""SQL of merges. Locks: the receipt, then as everywhere in intake identities, customers, leads, each sorted."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, assert_never
from uuid import UUID

import asyncpg
import orjson

from libs.common.contracts.shared import IdentityKind, Signal, Stage
from libs.common.platform.db import Connection
from services.intake.contacts.rules import Known
from services.intake.customers.convert import known_of
from services.intake.deliveries.store import UNPAID
from services.intake.merges.rules import MergeFault, MergeKind, MergeMemberState, Pair, Party, Unpaid

ADD = """
INSERT INTO merge (id, desk, kind, reason, state, "left", kept, between, planned_at, planned_by, version)
VALUES ($1, $2, $3, $4, 'planned', $5, '{}', '[]', $6, $7, 1)
"""
ADD_MEMBERS = """
INSERT INTO merge_member (merge_id, position, desk, winner_id, loser_id, state, identities)
SELECT $1, n, $2, m.winner_id, m.loser_id, 'planned', '[]'
FROM unnest($3::uuid[], $4::uuid[]) WITH ORDINALITY AS m(winner_id, loser_id, n)
"""
LOCK = "SELECT * FROM merge WHERE id = $1 FOR UPDATE"
MEMBERS = "SELECT * FROM merge_member WHERE merge_id = $1 AND state = $2 ORDER BY position"
SET_MEMBERS = """
UPDATE merge_member m SET state = n.state, note = n.note, identities = n.identities::jsonb
FROM unnest($2::int[], $3::text[], $4::text[], $5::text[]) AS n(position, state, note, identities)
WHERE m.merge_id = $1 AND m.position = n.position
"""
APPLIED = """
UPDATE merge SET state = 'applied', kept = $2, applied_at = $3, applied_by = $4, version = version + 1 WHERE id = $1
"""
UNDONE = """
UPDATE merge SET state = 'undone', between = $2, undone_at = $3, undone_by = $4, version = version + 1 WHERE id = $1
"""

# Who is erased is merged with no one.
CUSTOMERS = """
SELECT id, merged_into FROM customer c
WHERE id = ANY($1::uuid[]) AND desk = $2 AND NOT EXISTS (SELECT FROM erased e WHERE e.id = c.id) ORDER BY id
"""
LEADS = """
SELECT l.id, l.merged_into, l.stage, coalesce(c.merged_into, l.customer_id) AS customer_id,
       EXISTS (SELECT FROM appointment a WHERE a.lead_id = l.id AND a.state = 'planned') AS appointment
FROM lead l LEFT JOIN customer c ON c.id = l.customer_id
WHERE l.id = ANY($1::uuid[]) AND l.desk = $2 AND NOT EXISTS (SELECT FROM erased e WHERE e.id = l.id) ORDER BY l.id
"""
# Locked first and read afterwards: what others have committed meanwhile is seen.
LOCK_CUSTOMERS = "SELECT FROM customer WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE"
LOCK_LEADS = "SELECT FROM lead WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE"
# The winners and losers with all that were merged into them before.
TREE = "SELECT id FROM customer WHERE id = ANY($1::uuid[]) OR merged_into = ANY($1) ORDER BY id"
LOCK_IDENTITIES = """
SELECT kind, value, customer_id FROM customer_identity
WHERE desk = $1 AND customer_id = ANY($2::uuid[]) ORDER BY kind, value FOR UPDATE
"""
LOCK_LEADS_OF = "SELECT FROM lead WHERE customer_id = ANY($1::uuid[]) ORDER BY id FOR UPDATE"
GIVE = """
UPDATE customer_identity i SET customer_id = $2
FROM unnest($3::text[], $4::text[]) AS k(kind, value)
WHERE i.desk = $1 AND i.kind = k.kind AND i.value = k.value AND i.customer_id = ANY($5::uuid[])
RETURNING i.kind, i.value
"""
# `merged_into` always names who has won in the end, so that readers look once.
MERGE_CUSTOMER = "UPDATE customer SET merged_into = $2 WHERE id = $1 OR merged_into = $1"
MERGE_LEAD = """
UPDATE lead SET merged_into = $2, updated_at = $3, version = version + 1 WHERE id = $1 OR merged_into = $1
"""
# One that stands by itself again has with it those that were merged into it before.
_BELOW = """
WITH RECURSIVE below AS (
    SELECT loser_id AS id FROM merge_member WHERE winner_id = $1 AND state = 'done'
    UNION SELECT m.loser_id FROM merge_member m JOIN below b ON m.winner_id = b.id WHERE m.state = 'done'
)
"""
PART_CUSTOMER = f"""{_BELOW}
UPDATE customer c SET merged_into = CASE WHEN c.id = $1 THEN NULL ELSE $1::uuid END
WHERE c.id = $1 OR c.id IN (SELECT id FROM below)
"""  # noqa: S608 - constants
PART_LEAD = f"""{_BELOW}
UPDATE lead l SET merged_into = CASE WHEN l.id = $1 THEN NULL ELSE $1::uuid END, updated_at = $2,
    version = version + 1
WHERE l.id = $1 OR l.id IN (SELECT id FROM below)
"""  # noqa: S608 - constants
ROOT_OF_LEAD = "SELECT coalesce(merged_into, id) FROM lead WHERE id = $1"
ROOTS = "SELECT id, coalesce(merged_into, id) AS root FROM customer WHERE id = ANY($1::uuid[])"
# The earliest order of a source first; a lead that is merged counts as its winner (S4.2).
UNPAID_ORDERS = f"""
SELECT o.source_id, l.id AS lead_id, l.signals
FROM sales_order o JOIN lead m ON m.id = o.lead_id JOIN lead l ON l.id = coalesce(m.merged_into, m.id)
WHERE o.customer_id = ANY($1::uuid[]) AND o.status IN ({UNPAID})
  AND l.stage IN ('new', 'working', 'booked')
ORDER BY o.order_number
"""  # noqa: S608 - constants
MARK = f"""
UPDATE lead l SET signals = array_append(signals, '{Signal.SECOND_UNPAID_ORDER}'), earlier_lead_id = n.earlier
FROM unnest($1::uuid[], $2::uuid[]) AS n(id, earlier)
WHERE l.id = n.id
"""  # noqa: S608 - constants
UNMARK = f"""
UPDATE lead l SET signals = array_remove(signals, '{Signal.SECOND_UNPAID_ORDER}'), earlier_lead_id = NULL
FROM unnest($1::uuid[], $2::uuid[]) AS n(id, earlier)
WHERE l.id = n.id AND l.earlier_lead_id = n.earlier
"""  # noqa: S608 - constants
# Merges of leads that hold only while these customers are one.
DEPENDING = """
SELECT DISTINCT m.merge_id
FROM merge_member m JOIN lead a ON a.id = m.loser_id JOIN lead b ON b.id = m.winner_id
WHERE m.state = 'done' AND (a.customer_id = ANY($1::uuid[])) <> (b.customer_id = ANY($1))
  AND a.customer_id = ANY($2::uuid[]) AND b.customer_id = ANY($2)
"""
LIVE_LOSERS = """
SELECT count(*) FROM lead WHERE id = ANY($1::uuid[]) AND stage IN ('new', 'working', 'booked')
"""
LOG = """
INSERT INTO history (desk, lead_id, at, what, actor, from_value, to_value, reason, cause_id)
SELECT $1, h.lead_id, $2, 'lead_merged', $3, h.before, h.after, $4, $5
FROM unnest($6::uuid[], $7::text[], $8::text[]) AS h(lead_id, before, after)
"""
# What the winners got meanwhile: it stays with them.
SINCE_CUSTOMERS = """
SELECT 'contact' AS kind, count(*) FROM contact WHERE customer_id = ANY($1::uuid[]) AND received_at > $2
UNION ALL SELECT 'lead', count(*) FROM lead WHERE customer_id = ANY($1) AND created_at > $2
UNION ALL SELECT 'order', count(*) FROM sales_order WHERE customer_id = ANY($1) AND created_at > $2
"""
SINCE_LEADS = """
SELECT 'contact' AS kind, count(*) FROM contact WHERE lead_id = ANY($1::uuid[]) AND received_at > $2
"""


class Member(NamedTuple):
    """A member and what became of it; `identities` are those that changed hands."""

    position: int
    winner_id: UUID
    loser_id: UUID
    state: MergeMemberState
    note: MergeFault | None = None
    identities: tuple[Known, ...] = ()


async def add(
    conn: Connection, merge_id: UUID, desk: str, kind: MergeKind, reason: str, pairs: Sequence[Pair],
    left: Sequence[Mapping[str, object]], now: datetime, actor: str,
) -> None:  # fmt: skip
    """Store a plan."""
    await conn.execute(ADD, merge_id, desk, kind.value, reason, list(left), now, actor)
    await conn.execute(ADD_MEMBERS, merge_id, desk, [w for w, _ in pairs], [loser for _, loser in pairs])


async def locked(conn: Connection, merge_id: UUID) -> asyncpg.Record | None:
    """Lock and return a receipt."""
    return await conn.fetchrow(LOCK, merge_id)


async def members(conn: Connection, merge_id: UUID, state: MergeMemberState) -> list[Member]:
    """Return members in a state, in their order."""
    return [
        Member(
            row["position"], row["winner_id"], row["loser_id"], state, None,
            tuple((IdentityKind(one["kind"]), one["value"]) for one in row["identities"]),
        )
        for row in await conn.fetch(MEMBERS, merge_id, state.value)
    ]  # fmt: skip


async def set_members(conn: Connection, merge_id: UUID, changed: Sequence[Member]) -> None:
    """Write what became of members."""
    identities = [
        orjson.dumps([{"kind": kind, "value": value} for kind, value in each.identities]).decode()
        for each in changed
    ]
    notes = [each.note.value if each.note else None for each in changed]
    await conn.execute(
        SET_MEMBERS, merge_id, [each.position for each in changed], [each.state.value for each in changed], notes,
        identities,
    )  # fmt: skip


async def parties(conn: Connection, kind: MergeKind, ids: Collection[UUID], desk: str) -> dict[UUID, Party]:
    """Return customers or leads of a desk."""
    match kind:
        case MergeKind.CUSTOMER:
            rows = await conn.fetch(CUSTOMERS, list(ids), desk)
            return {row["id"]: Party(row["id"], row["merged_into"] is not None, row["id"]) for row in rows}
        case MergeKind.LEAD:
            return {row["id"]: _lead(row) for row in await conn.fetch(LEADS, list(ids), desk)}
        case _:
            assert_never(kind)


def _lead(row: asyncpg.Record) -> Party:
    merged = row["merged_into"] is not None
    return Party(row["id"], merged, row["customer_id"], Stage(row["stage"]), row["appointment"])


async def lock_parties(conn: Connection, kind: MergeKind, ids: Collection[UUID]) -> None:
    """Lock customers or leads in id order."""
    await conn.execute(LOCK_CUSTOMERS if kind is MergeKind.CUSTOMER else LOCK_LEADS, list(ids))


async def tree(conn: Connection, ids: Collection[UUID]) -> list[UUID]:
    """Return customers with all that were merged into them."""
    return [row["id"] for row in await conn.fetch(TREE, list(ids))]


async def lock_identities(conn: Connection, desk: str, customers: Collection[UUID]) -> dict[Known, UUID]:
    """Lock what customers are known by and say whose each is."""
    rows = await conn.fetch(LOCK_IDENTITIES, desk, list(customers))
    return {known_of([row])[0]: row["customer_id"] for row in rows}


async def lock_leads_of(conn: Connection, customers: Collection[UUID]) -> None:
    """Lock the leads of customers in id order."""
    await conn.execute(LOCK_LEADS_OF, list(customers))


async def give(
    conn: Connection, desk: str, to: UUID, known: Sequence[Known], holders: Collection[UUID]
) -> tuple[Known, ...]:
    """Give identities to a customer, those alone that one of `holders` has; return them."""
    kinds, values = [kind.value for kind, _ in known], [value for _, value in known]
    return tuple(sorted(known_of(await conn.fetch(GIVE, desk, to, kinds, values, list(holders)))))


async def unpaid_orders(conn: Connection, customers: Collection[UUID]) -> list[Unpaid]:
    """Return the unpaid orders of customers' leads under way, the earliest first."""
    rows = await conn.fetch(UNPAID_ORDERS, list(customers))
    return [Unpaid(row["source_id"], row["lead_id"], tuple(row["signals"])) for row in rows]


async def roots(conn: Connection, ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Return who customers are by now."""
    return {row["id"]: row["root"] for row in await conn.fetch(ROOTS, list(ids))}


async def since(conn: Connection, kind: MergeKind, ids: Collection[UUID], at: datetime) -> list[dict[str, object]]:
    """Return what came to winners since a time: kind and count of each."""
    statement = SINCE_CUSTOMERS if kind is MergeKind.CUSTOMER else SINCE_LEADS
    return [{"kind": row[0], "count": row[1]} for row in await conn.fetch(statement, list(ids), at) if row[1]]
