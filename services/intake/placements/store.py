"""SQL of orders that we make at schools; claims and results are those of all commands."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from libs.common.connect.command.store import CommandStore, Tables
from libs.common.contracts import Cause, Outgoing
from libs.common.contracts.shared import OrderStatus
from libs.common.messaging.outbox import add
from libs.common.platform.db import Transaction
from services.intake.orders.convert import order_changed
from services.intake.orders.schemas import PlacementState
from services.intake.sources.rules import Source

#: The e-mail of a lead `l`, else one that its customer is known by: a school knows people by theirs.
EMAIL = """
coalesce(l.email, (SELECT i.value FROM customer u CROSS JOIN LATERAL (SELECT coalesce(u.merged_into, u.id) AS id) r
                   JOIN customer w ON w.id = r.id OR w.merged_into = r.id
                   JOIN customer_identity i ON i.customer_id = w.id AND i.kind = 'email'
                   WHERE u.id = l.customer_id ORDER BY i.value LIMIT 1))
"""
COMMANDS = CommandStore(
    Tables(
        command="placement",
        queue="school",
        queue_id="school_id",
        kind="format",
        details=", a.order_id, a.traceparent, c.name AS account_name, c.api_key, s.key AS source_key,"
        " o.external_id AS order_key, o.external_number, o.items, o.amount, o.currency, l.name AS person,"
        f" l.phone, {EMAIL} AS email",
        sources=", source s, sales_order o, lead l",
        joined=" AND s.id = c.id AND o.id = a.order_id AND l.id = o.lead_id",
    )
)
SCHOOL = """
SELECT h.id, h.active, h.halted_code, s.key AS source_key
FROM source s LEFT JOIN school h ON h.id = s.id WHERE s.desk = $1 AND s.code = $2 AND s.active
"""
SCHOOL_OF = "SELECT active, halted_code FROM school WHERE id = $1"
ORDER = f"""
SELECT o.*, l.name, l.phone, {EMAIL} AS email FROM sales_order o JOIN lead l ON l.id = o.lead_id
WHERE o.id = $1 FOR UPDATE OF o
"""  # noqa: S608 - a constant
# One that is under way brings the same.
ADD = """
INSERT INTO placement (id, desk, school_id, order_id, lead_id, actor, traceparent, created_at, state, number, tries,
                       due_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'pending', 1, 0, clock_timestamp())
ON CONFLICT (order_id) WHERE state IN ('pending', 'held', 'sending', 'waiting') DO NOTHING
"""
# The number of who calls may be known, with an e-mail to it.
EMAIL_OF_PHONE = """
SELECT i.value FROM customer_identity p JOIN customer u ON u.id = p.customer_id
CROSS JOIN LATERAL (SELECT coalesce(u.merged_into, u.id) AS id) r
JOIN customer w ON w.id = r.id OR w.merged_into = r.id
JOIN customer_identity i ON i.customer_id = w.id AND i.kind = 'email'
WHERE p.desk = $1 AND p.kind = 'phone' AND p.value = $2 ORDER BY i.value LIMIT 1
"""
LEAD = f"""
SELECT l.id, l.phone, {EMAIL} AS email FROM lead l
WHERE l.id = $1 AND l.desk = $2 AND l.merged_into IS NULL
  AND NOT EXISTS (SELECT FROM erased e WHERE e.id = l.customer_id)
FOR UPDATE OF l
"""  # noqa: S608 - a constant
# Whether an e-mail and a number are this lead's customer's own, or another's.
KNOWN_BY = """
SELECT i.kind, coalesce(w.merged_into, i.customer_id) = coalesce(u.merged_into, l.customer_id) AS own
FROM lead l LEFT JOIN customer u ON u.id = l.customer_id
JOIN customer_identity i ON i.desk = l.desk
     AND (i.kind = 'email' AND i.value = $2::text OR i.kind = 'phone' AND i.value = $3::text)
LEFT JOIN customer w ON w.id = i.customer_id
WHERE l.id = $1
"""
# By what is attached the accepting statement finds the customer of an order that opens a new lead.
ATTACH = """
WITH added AS (
    INSERT INTO customer_identity (desk, kind, value, customer_id)
    SELECT $1, k.kind, k.value, $2 FROM (VALUES ('email', $3::text), ('phone', $4::text)) AS k(kind, value)
    WHERE k.value IS NOT NULL AND NOT EXISTS (SELECT FROM erased e WHERE e.id = $2) ORDER BY k.kind
    ON CONFLICT DO NOTHING RETURNING kind, value
)
INSERT INTO identity_change (desk, customer_id, at, what, kind, value, actor, reason, cause_id)
SELECT $1, $2, $5, 'attached', kind, value, $6, 'made by hand', $7 FROM added
"""
OF_ANOTHER = """
SELECT k.kind FROM (VALUES ('email', $3::text), ('phone', $4::text)) AS k(kind, value)
JOIN customer_identity i ON (i.desk, i.kind, i.value) = ($1, k.kind, k.value)
JOIN customer u ON u.id = i.customer_id
WHERE coalesce(u.merged_into, u.id) <> $2 ORDER BY k.kind DESC
"""
# An order of a lead that is there; its first version is that which says how far it has come at the school.
ORDERED = """
INSERT INTO sales_order (id, desk, lead_id, customer_id, source_id, external_id, external_number, order_number,
                         status, status_said, amount, currency, items, placed_at, heard_at, created_at, version)
SELECT $1, l.desk, l.id, l.customer_id, $3, $4, $4, nextval('order_number'), 'new', false, $5, $6,
       $7::text::jsonb, $8, $8, $8, 0
FROM lead l WHERE l.id = $2 AND l.stage NOT IN ('won', 'lost', 'invalid')
  AND NOT EXISTS (SELECT FROM lead m JOIN sales_order x ON x.lead_id = m.id
                  WHERE m.id = l.id OR m.merged_into = l.id)
RETURNING *
"""
SHOW = """
UPDATE sales_order o
SET placed_state = $2, placed_code = $3, external_number = coalesce($4, o.external_number),
    payment_link = coalesce($5, o.payment_link), version = o.version + 1
WHERE o.id = $1 AND (o.placed_state, o.placed_code, o.external_number, o.payment_link)
      IS DISTINCT FROM ($2, $3, coalesce($4, o.external_number), coalesce($5, o.payment_link))
RETURNING *
"""
ORDERS = "SELECT id, order_id, code FROM placement WHERE id = ANY($1::uuid[]) ORDER BY id"
# What a list of the school names is there, however the answer was lost.
SEEN = """
UPDATE placement p SET state = 'accepted', code = NULL, detail = NULL
FROM sales_order o
WHERE o.source_id = $1 AND o.external_id = ANY($2) AND p.order_id = o.id AND p.state IN ('waiting', 'unknown')
RETURNING p.id, p.order_id
"""


class Shown(NamedTuple):
    """What an order shows of its command: `command_id` caused it."""

    order_id: UUID
    command_id: UUID
    state: PlacementState
    code: str | None = None
    number: str | None = None
    link: str | None = None


async def show(tx: Transaction, shown: Shown, traceparent: str | None, now: datetime) -> None:
    """Write how far an order has come, and say so; nothing when it says that already."""
    row = await tx.conn.fetchrow(SHOW, shown.order_id, shown.state.value, shown.code, shown.number, shown.link)
    if row is not None:
        changed = order_changed(row, OrderStatus(row["status"]), shown.command_id)
        cause = Cause(shown.command_id, None, traceparent)
        await add(tx, [Outgoing(f"lead:{row['lead_id']}", row["desk"], now, changed, cause)])


async def orders_of(tx: Transaction, command_ids: Sequence[UUID]) -> list[asyncpg.Record]:
    """Return the orders of commands."""
    return await tx.conn.fetch(ORDERS, list(command_ids))


async def seen(tx: Transaction, source: Source, numbers: Sequence[str], now: datetime) -> None:
    """End the doubt about orders that a list of the school names."""
    rows = await tx.conn.fetch(SEEN, source.id, list(numbers)) if numbers else []
    for row in rows:
        await show(tx, Shown(row["order_id"], row["id"], PlacementState.ACCEPTED), None, now)
