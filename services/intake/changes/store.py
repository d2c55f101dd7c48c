"""SQL of changes that tasks asks for. Locks are taken in intake's order: identities, customers, orders, leads."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from libs.common.contracts import Received
from libs.common.contracts.shared import OrderStatus
from libs.common.contracts.tasks import ChangeRequested
from libs.common.messaging.inbox import Transient
from libs.common.platform.db import Transaction
from services.intake.changes.rules import OrderFields, PersonChange
from services.intake.customers import store as customers
from services.intake.customers.convert import known_of
from services.intake.customers.rules import IdentityStep
from services.intake.customers.store import By

CLAIM = """
INSERT INTO change_request (request_id, desk, target, target_id, actor, at)
SELECT DISTINCT ON (request_id) r.*, $6
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::text[])
     AS r(request_id, desk, target, target_id, actor)
ORDER BY request_id
ON CONFLICT DO NOTHING
RETURNING request_id
"""
ORDER = "SELECT * FROM sales_order WHERE id = $1 AND desk = $2 FOR UPDATE"
LEAD = "SELECT * FROM lead WHERE id = $1 AND desk = $2 FOR UPDATE"
# As they are by now.
CUSTOMER = """
SELECT * FROM customer
WHERE id = (SELECT coalesce(merged_into, id) FROM customer WHERE id = $1) AND desk = $2 FOR UPDATE
"""
LOG = """
INSERT INTO history (desk, lead_id, order_id, at, what, actor, from_value, to_value, reason, cause_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
# The status is tasks' word from now on: no payment gives back the one before.
SET_STATUS = """
UPDATE sales_order SET status = $2, unpaid_status = NULL, version = version + 1 WHERE id = $1 RETURNING *
"""
SET_FIELDS = """
UPDATE sales_order
SET amount = $2, currency = $3, payment_link = $4, external_number = $5, remarks = $6, held_until = $7,
    version = version + 1
WHERE id = $1 RETURNING *
"""
SET_COMMENT = """
UPDATE lead SET pinned_comment = nullif($2, ''), updated_at = $3, version = version + 1 WHERE id = $1 RETURNING *
"""
# Locked in the order in which they are inserted everywhere.
OWNERS = """
SELECT coalesce((SELECT c.merged_into FROM customer c WHERE c.id = i.customer_id), i.customer_id)
       <> coalesce((SELECT c.merged_into FROM customer c WHERE c.id = $4), $4) AS another
FROM customer_identity i JOIN unnest($2::text[], $3::text[]) AS k(kind, value) USING (kind, value)
WHERE i.desk = $1 ORDER BY i.kind, i.value FOR UPDATE OF i
"""
ATTACH = """
INSERT INTO customer_identity (desk, kind, value, customer_id)
SELECT $1, k.kind, k.value, $4 FROM unnest($2::text[], $3::text[]) AS k(kind, value) ORDER BY k.kind, k.value
ON CONFLICT (desk, kind, value) DO NOTHING
RETURNING kind, value
"""
SET_CUSTOMER = "UPDATE customer SET name = coalesce($2, name), version = version + 1 WHERE id = $1 RETURNING *"
# The people of leads under way; the others keep whom they were about.
SET_PERSONS = f"""
UPDATE lead l
SET name = coalesce($3, name), phone = coalesce($4, phone), phone_raw = coalesce($5, phone_raw),
    email = coalesce($6, email), updated_at = $7, version = version + 1
WHERE id IN (
    SELECT id FROM lead WHERE customer_id IN ({customers.TREE}) AND desk = $2 AND merged_into IS NULL
      AND stage IN ('new', 'working', 'booked')
      AND (coalesce($3, name), coalesce($4, phone), coalesce($6, email)) IS DISTINCT FROM (name, phone, email)
    ORDER BY id FOR UPDATE)
RETURNING *
"""  # noqa: S608 - constants


class Line(NamedTuple):
    """A line of a lead's history."""

    what: str
    lead_id: UUID
    before: str | None
    after: str | None
    order_id: UUID | None = None


class IdentityRaceError(Transient):
    """Another transaction took an identity meanwhile: the next attempt sees whose it is."""


async def claim(tx: Transaction, events: Sequence[Received[ChangeRequested]], now: datetime) -> set[UUID]:
    """Note requests as answered; return those that were not answered before."""
    rows = await tx.conn.fetch(
        CLAIM,
        [event.data.request_id for event in events],
        [event.desk for event in events],
        [event.data.target.value for event in events],
        [event.data.target_id for event in events],
        [event.data.actor for event in events],
        now,
    )
    return {row["request_id"] for row in rows}


async def log(tx: Transaction, event: Received[ChangeRequested], line: Line, now: datetime) -> None:
    """Write a line of a lead's history."""
    data = event.data
    await tx.conn.execute(
        LOG, event.desk, line.lead_id, line.order_id, now, line.what, data.actor, line.before, line.after,
        data.reason, event.event_id,
    )  # fmt: skip


async def set_status(tx: Transaction, order: asyncpg.Record, status: OrderStatus) -> asyncpg.Record:
    """Write an order's status and return its row."""
    return await _one(tx, SET_STATUS, order["id"], status.value)


async def set_fields(tx: Transaction, order: asyncpg.Record, to: OrderFields) -> asyncpg.Record:
    """Write an order's fields and return its row."""
    return await _one(
        tx, SET_FIELDS, order["id"], to.amount, to.currency, to.payment_link, to.external_number, to.remarks,
        to.held_until,
    )  # fmt: skip


async def set_comment(tx: Transaction, lead: asyncpg.Record, comment: str, now: datetime) -> asyncpg.Record:
    """Write a lead's pinned comment and return its row."""
    return await _one(tx, SET_COMMENT, lead["id"], comment, now)


async def taken(tx: Transaction, desk: str, customer_id: UUID, change: PersonChange) -> bool:
    """Lock the identities of a change; return whether another customer has one of them."""
    rows = await tx.conn.fetch(OWNERS, desk, *_columns(change), customer_id)
    return any(row["another"] for row in rows)


async def set_customer(
    tx: Transaction, customer: asyncpg.Record, change: PersonChange, by: By, now: datetime
) -> asyncpg.Record:
    """Attach identities, write the name, and return the row, unchanged when nothing is new.

    Raises IdentityRaceError.
    """
    desk, customer_id = customer["desk"], customer["id"]
    attached = known_of(await tx.conn.fetch(ATTACH, desk, *_columns(change), customer_id))
    await customers.log(tx, desk, customer_id, IdentityStep.ATTACHED, attached, by, now)
    if await taken(tx, desk, customer_id, change):
        raise IdentityRaceError(str(customer_id))
    if not attached and change.name in (None, customer["name"]):
        return customer
    return await _one(tx, SET_CUSTOMER, customer_id, change.name)


async def set_persons(
    tx: Transaction, customer: asyncpg.Record, change: PersonChange, now: datetime
) -> list[asyncpg.Record]:
    """Write the person of the customer's live leads; return the leads that changed."""
    phone = change.phone
    return await tx.conn.fetch(
        SET_PERSONS, customer["id"], customer["desk"], change.name, phone.e164 if phone else None,
        phone.raw if phone else None, change.email, now,
    )  # fmt: skip


def _columns(change: PersonChange) -> tuple[list[str], list[str]]:
    return customers.columns(change.known_by)


async def _one(tx: Transaction, statement: str, *args: object) -> asyncpg.Record:
    row = await tx.conn.fetchrow(statement, *args)
    if row is None:
        raise LookupError(args[0])
    return row
