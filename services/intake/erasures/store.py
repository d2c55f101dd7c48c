"""SQL of erasures. Locks as everywhere in intake: identities, customers, leads, each sorted."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from libs.common.contracts import Received
from libs.common.contracts.erasures import Scrubbed
from libs.common.platform.db import Connection
from libs.common.platform.erasure.store import SECONDS
from services.intake.consents.rules import LISTED
from services.intake.deliveries.same_number import BY_NUMBER
from services.intake.merges import store as merges
from services.intake.merges.rules import MergeKind
from services.intake.orders.rules import NUMBER
from services.intake.schools.store import SAID, digest_of

ROOT = "SELECT coalesce(merged_into, id) AS id, desk FROM customer WHERE id = $1"
# By their ids: one of them may have been merged into another when the person was erased.
KNOWN = "SELECT erasure_id FROM erased WHERE kind = 'customer' AND id = ANY($1::uuid[]) LIMIT 1"
ADD = """
INSERT INTO erasure_request (id, desk, customer_id, reason, requested_at, requested_by)
VALUES ($1, $2, $3, $4, $5, $6)
"""
LEADS = "SELECT id, phone, phone_raw, email FROM lead WHERE customer_id = ANY($1::uuid[]) ORDER BY id"
CUSTOMERS = "SELECT id, name FROM customer WHERE id = ANY($1::uuid[]) ORDER BY merged_into NULLS FIRST, id"
# From now on these find no customer, and a later word of the source no order: what comes is of a new customer.
DETACH = "DELETE FROM customer_identity WHERE customer_id = ANY($1::uuid[])"
PART_ORDERS = """
UPDATE sales_order SET external_id = 'erased ' || id, external_alias = NULL WHERE customer_id = ANY($1::uuid[])
"""
# What a list of its source says of it again is no news, unless that is another status. The list names its id and
# its number, also of one that is known by the number, before or after people have changed it.
FORGET_ORDERS = f"""
INSERT INTO forgotten_order (digest, desk, statuses, forgotten_at)
SELECT DISTINCT ON (1) {digest_of("o.source_id", "n.name")}, o.desk, ARRAY[o.status, {SAID}], $2
FROM sales_order o
CROSS JOIN LATERAL (SELECT o.external_id AS name
                    UNION ALL SELECT o.external_alias WHERE o.external_alias IS NOT NULL
                    UNION ALL SELECT '{NUMBER}' || said.number
                    FROM unnest(ARRAY[o.external_id, o.external_number]) AS said(number)
                    WHERE said.number IS NOT NULL AND {BY_NUMBER}) n
WHERE o.customer_id = ANY($1::uuid[]) AND o.external_id <> 'erased ' || o.id
ON CONFLICT (digest) DO UPDATE SET statuses = excluded.statuses, forgotten_at = excluded.forgotten_at
"""  # noqa: S608 - columns of our own
ADOPT = """
INSERT INTO erased (id, kind, desk, erasure_id)
SELECT id, 'lead', $1, $2 FROM lead WHERE customer_id = ANY($3::uuid[]) ON CONFLICT DO NOTHING
"""
# The oldest first; a customer without a lead is known by contacts alone. Who is on the black list stays known: to
# forget them would take them from it.
OUTLIVED = f"""
SELECT c.id FROM customer c
WHERE c.desk = $1 AND c.created_at < $2 AND c.merged_into IS NULL
  AND NOT EXISTS (SELECT FROM erased e WHERE e.id = c.id)
  AND NOT EXISTS (SELECT FROM customer o JOIN lead l ON l.customer_id = o.id
                  WHERE (o.id = c.id OR o.merged_into = c.id)
                  AND (l.stage IN ('new', 'working', 'booked', 'incubator') OR l.updated_at >= $2))
  AND NOT EXISTS (SELECT FROM contact t WHERE t.customer_id = c.id AND t.received_at >= $2)
  AND NOT '{LISTED}' = ANY (coalesce(c.barred, '{{}}'))
ORDER BY c.id LIMIT 50
"""  # noqa: S608 - a constant
ANSWER = """
INSERT INTO erasure_answer (erasure_id, service, desk, counts, done_at)
SELECT $1, $2, $3, $4, $5 WHERE EXISTS (SELECT FROM erasure_request WHERE id = $1)
ON CONFLICT DO NOTHING
"""


class Whole(NamedTuple):
    """A locked customer: who they are by now, and all ids of theirs."""

    root: UUID
    desk: str
    ids: list[UUID]


async def lock_whole(conn: Connection, customer_id: UUID) -> Whole | None:
    """Lock all that are one customer; None: there is no such customer."""
    found = await conn.fetchrow(ROOT, customer_id)
    while found is not None:
        root, desk = found["id"], found["desk"]
        whole = await _lock_below(conn, desk, root)
        found = await conn.fetchrow(ROOT, root)
        if found is not None and found["id"] == root:  # else they were merged into another meanwhile
            return Whole(root, desk, whole)
    return None


async def _lock_below(conn: Connection, desk: str, root: UUID) -> list[UUID]:
    whole = list[UUID]()
    while (seen := await merges.tree(conn, [root])) != whole:  # another was merged into them meanwhile
        whole = seen
        await merges.lock_identities(conn, desk, whole)
        await merges.lock_parties(conn, MergeKind.CUSTOMER, whole)
        await merges.lock_leads_of(conn, whole)
    return whole


async def known(conn: Connection, customers: Sequence[UUID]) -> UUID | None:
    """Return the erasure of a customer, if there is one."""
    found: UUID | None = await conn.fetchval(KNOWN, list(customers))
    return found


async def part(conn: Connection, customers: Sequence[UUID], now: datetime) -> None:
    """Let nothing lead to these customers any more."""
    await conn.execute(FORGET_ORDERS, list(customers), now)
    await conn.execute(PART_ORDERS, list(customers))
    await conn.execute(DETACH, list(customers))


async def answer(conn: Connection, service: str, event: Received[Scrubbed], at: datetime) -> None:
    """Keep what a service has said, once."""
    counts = {each.table: each.rows for each in event.data.emptied}
    await conn.execute(ANSWER, event.data.erasure_id, service, event.desk, counts, at)


async def adopt(conn: Connection, desk: str, erasure_id: UUID, customers: Sequence[UUID], now: datetime) -> int:
    """Add the leads of these customers to those that are erased; return how many were not among them."""
    await conn.execute(FORGET_ORDERS, list(customers), now)
    done: str = await conn.execute(ADOPT, desk, erasure_id, list(customers))
    return int(done.rpartition(" ")[2])


async def outlived(conn: Connection, desk: str, before: datetime) -> list[UUID]:
    """Return customers of whom nothing is under way and nothing has changed since a moment."""
    return [row["id"] for row in await conn.fetch(OUTLIVED, desk, before, timeout=SECONDS)]
