"""SQL that writes what customers are known by. Locks are taken in intake's order: identities, customers, leads."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from libs.common.contracts.shared import Signal, ZoneSource
from libs.common.platform.db import Transaction
from services.intake.contacts.rules import Known
from services.intake.customers.convert import known_of
from services.intake.customers.rules import IdentityStep, Reach, gained

CLAIM = """
INSERT INTO customer_identity AS c (desk, kind, value, customer_id)
SELECT $1, k.kind, k.value, $2 FROM unnest($3::text[], $4::text[]) AS k(kind, value) ORDER BY k.kind, k.value
ON CONFLICT (desk, kind, value) DO UPDATE SET customer_id = c.customer_id
RETURNING kind, value, new.customer_id, old.customer_id IS NULL AS fresh
"""
# An identity may point to a customer who was never inserted: two deliveries raced.
TAKE_OVER = """
UPDATE customer_identity i SET customer_id = $2
FROM unnest($3::text[], $4::text[]) AS k(kind, value)
WHERE i.desk = $1 AND i.kind = k.kind AND i.value = k.value
  AND NOT EXISTS (SELECT FROM customer c WHERE c.id = i.customer_id)
RETURNING i.kind, i.value
"""
# All that are one customer by now: those who were merged into them too.
TREE = "SELECT id FROM customer WHERE id = $1 OR merged_into = $1"
ROOTS = "SELECT id, merged_into FROM customer WHERE id = ANY($1::uuid[]) AND merged_into IS NOT NULL"
RELEASE = f"""
DELETE FROM customer_identity
WHERE desk = $2 AND kind = $3 AND value = $4 AND (customer_id = $1 OR customer_id IN ({TREE})) RETURNING kind
"""  # noqa: S608 - constants
# Who is erased is never filled again.
LOCK = """
SELECT * FROM customer c WHERE id = $1 AND NOT EXISTS (SELECT FROM erased e WHERE e.id = c.id) FOR UPDATE
"""
TOUCH = "UPDATE customer SET version = version + 1 WHERE id = $1 RETURNING *"
IDENTITIES = f"""
SELECT kind, value FROM customer_identity WHERE customer_id IN ({TREE}) ORDER BY kind, value
"""  # noqa: S608 - constants
ZONE = "SELECT zone FROM customer WHERE id = $1"
SET_ZONE = "UPDATE customer SET zone = $2 WHERE id = $1"
LOG = """
INSERT INTO identity_change (desk, customer_id, at, what, kind, value, actor, reason, cause_id)
SELECT $1, $2, $3, $4, k.kind, k.value, $7, $8, $9 FROM unnest($5::text[], $6::text[]) AS k(kind, value)
ORDER BY k.kind, k.value
"""
# The country of local numbers, as the source of the customer's newest lead has it.
REGION = f"""
SELECT s.region FROM lead l JOIN source s ON s.id = l.source_id WHERE l.customer_id IN ({TREE})
ORDER BY l.id DESC LIMIT 1
"""  # noqa: S608 - constants
UNDER_WAY = f"""
SELECT l.id, l.phone, l.phone_raw, l.email, l.signals, l.zone, l.zone_source,
       coalesce(s.zone, l.zone) AS desk_zone
FROM lead l LEFT JOIN source s ON s.id = l.source_id
WHERE l.customer_id IN ({TREE}) AND l.merged_into IS NULL AND l.stage IN ('new', 'working', 'booked')
ORDER BY l.id FOR UPDATE OF l
"""  # noqa: S608 - constants
REACH = f"""
UPDATE lead l
SET phone = n.phone, phone_raw = n.phone_raw, email = n.email, zone = n.zone, zone_source = n.zone_source,
    updated_at = $8, version = l.version + 1,
    signals = array_remove(l.signals, '{Signal.FALSE_NUMBER}')
              || CASE WHEN n.doubtful THEN '{{{Signal.FALSE_NUMBER}}}'::text[] END
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::text[], $7::text[])
     AS n(id, phone, phone_raw, email, doubtful, zone, zone_source)
WHERE l.id = n.id
RETURNING l.*
"""  # noqa: S608 - a constant
LOG_LEADS = """
INSERT INTO history (desk, lead_id, at, what, actor, to_value, reason, cause_id)
SELECT $1, h.lead_id, $2, 'lead_person', $3, h.gained, $4, $5
FROM unnest($6::uuid[], $7::text[]) AS h(lead_id, gained)
"""


class By(NamedTuple):
    """Who changes something, why, and by which delivery, event or request."""

    actor: str
    reason: str
    cause_id: UUID


class Claimed(NamedTuple):
    """An identity and whose it is; `fresh`: it has become theirs just now."""

    known: Known
    customer_id: UUID
    fresh: bool


async def region_of(tx: Transaction, customer_id: UUID) -> str:
    """Return the country of the customer's local numbers."""
    found: str | None = await tx.conn.fetchval(REGION, customer_id)
    return found or "RU"


async def claim(tx: Transaction, desk: str, customer_id: UUID, known: Sequence[Known]) -> list[Claimed]:
    """Lock identities and attach those that no customer has; say whose each is by now."""
    rows = await tx.conn.fetch(CLAIM, desk, customer_id, *columns(known))
    others = {row["customer_id"] for row in rows} - {customer_id}
    rows_of = await tx.conn.fetch(ROOTS, list(others)) if others else ()
    roots = {row["id"]: row["merged_into"] for row in rows_of}
    return [
        Claimed(known_of([row])[0], roots.get(row["customer_id"], row["customer_id"]), row["fresh"]) for row in rows
    ]


async def take_over(tx: Transaction, desk: str, customer_id: UUID, known: Sequence[Known]) -> tuple[Known, ...]:
    """Attach locked identities that point to no customer; return them."""
    return known_of(await tx.conn.fetch(TAKE_OVER, desk, customer_id, *columns(known)))


async def release(tx: Transaction, desk: str, customer_id: UUID, known: Known) -> bool:
    """Detach an identity of a customer; False when it is not theirs."""
    return await tx.conn.fetchval(RELEASE, customer_id, desk, known[0].value, known[1]) is not None


async def locked(tx: Transaction, customer_id: UUID) -> asyncpg.Record | None:
    """Lock and return a customer."""
    return await tx.conn.fetchrow(LOCK, customer_id)


async def touched(tx: Transaction, customer_id: UUID) -> asyncpg.Record:
    """Give a customer their next version and return the row."""
    row = await tx.conn.fetchrow(TOUCH, customer_id)
    if row is None:
        raise LookupError(customer_id)
    return row


async def known_by(tx: Transaction, customer_id: UUID) -> tuple[Known, ...]:
    """Return all that a customer is known by, in its order."""
    return known_of(await tx.conn.fetch(IDENTITIES, customer_id))


async def address_zone(tx: Transaction, customer_id: UUID) -> str | None:
    """Return the zone of a customer's address."""
    found: str | None = await tx.conn.fetchval(ZONE, customer_id)
    return found


async def set_zone(tx: Transaction, customer_id: UUID, zone: str | None) -> None:
    """Write the zone of a customer's address."""
    await tx.conn.execute(SET_ZONE, customer_id, zone)


async def log(
    tx: Transaction, desk: str, customer_id: UUID, step: IdentityStep, known: Sequence[Known], by: By, now: datetime
) -> None:
    """Write lines of a customer's history."""
    await tx.conn.execute(LOG, desk, customer_id, now, step.value, *columns(known), *by)


async def reach_of_leads(tx: Transaction, customer_id: UUID) -> dict[UUID, Reach]:
    """Lock the customer's leads under way and return by what each reaches them."""
    return {
        row["id"]: Reach(
            row["phone"],
            row["phone_raw"],
            row["email"],
            Signal.FALSE_NUMBER.value in row["signals"],
            row["zone"],
            ZoneSource(row["zone_source"]),
            row["desk_zone"],
        )
        for row in await tx.conn.fetch(UNDER_WAY, customer_id)
    }


async def set_reach(
    tx: Transaction, desk: str, before: dict[UUID, Reach], after: dict[UUID, Reach], by: By, now: datetime
) -> list[asyncpg.Record]:
    """Write by what leads reach their customer, each with a new version, and return their rows in order."""
    names = ("phone", "phone_raw", "email", "false", "zone", "zone_source")
    given = [[getattr(reach, name) for reach in after.values()] for name in names]
    rows = await tx.conn.fetch(REACH, list(after), *given, now)
    lines = {lead_id: what for lead_id in after if (what := gained(before[lead_id], after[lead_id])) is not None}
    await tx.conn.execute(LOG_LEADS, desk, now, *by, list(lines), list(lines.values()))
    return sorted(rows, key=lambda row: row["id"])


def columns(known: Sequence[Known]) -> tuple[list[str], list[str]]:
    """Return identities as two columns."""
    return [kind.value for kind, _ in known], [value for _, value in known]
