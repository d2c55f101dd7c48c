"""SQL that writes appointments. The lead's row is locked before: two steps of one lead follow one another."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from libs.common.contracts.shared import AppointmentStep
from libs.common.platform.db import Transaction
from libs.common.platform.ids import uuid7
from services.intake.appointments.rules import Wish

LEAD = """
SELECT id, desk, customer_id, partner_id FROM lead WHERE id = $1 AND desk = $2 AND merged_into IS NULL FOR UPDATE
"""
UNDER_WAY = "SELECT * FROM appointment WHERE lead_id = $1 AND state = 'planned'"
PARTNER = "SELECT * FROM partner WHERE id = $1"
PLAN = """
INSERT INTO appointment (id, desk, lead_id, customer_id, partner_id, at, state, created_at, updated_at, version)
VALUES ($1, $2, $3, $4, $5, $6, 'planned', $7, $7, 1)
RETURNING *
"""
STEP = """
UPDATE appointment
SET at = coalesce($2, at), state = $3, by = $4, warned = $5, updated_at = $6, version = version + 1
WHERE id = $1 AND state = 'planned'
RETURNING *
"""
LOG = """
INSERT INTO history (desk, lead_id, at, what, actor, from_value, to_value, reason, cause_id)
VALUES ($1, $2, $3, 'appointment', $4, $5, $6, $7, $8)
"""
OPERATOR = "SELECT id::text FROM operator WHERE subject = $1 ORDER BY desk = $2 DESC, id LIMIT 1"


class Line(NamedTuple):
    """A line of a lead's history."""

    actor: str
    before: str | None
    after: str
    reason: str
    cause_id: UUID


async def locked_lead(tx: Transaction, lead_id: UUID, desk: str) -> asyncpg.Record | None:
    """Lock and return a lead of the desk; None for one that was merged: its winner has the appointments."""
    return await tx.conn.fetchrow(LEAD, lead_id, desk)


async def under_way(tx: Transaction, lead_id: UUID) -> asyncpg.Record | None:
    """Return the lead's appointment that no step has ended yet."""
    return await tx.conn.fetchrow(UNDER_WAY, lead_id)


async def partner_of(tx: Transaction, lead: asyncpg.Record) -> asyncpg.Record | None:
    """Return the partner whose customer the lead is."""
    return None if lead["partner_id"] is None else await tx.conn.fetchrow(PARTNER, lead["partner_id"])


async def write(
    tx: Transaction, lead: asyncpg.Record, known: asyncpg.Record | None, wish: Wish, now: datetime
) -> asyncpg.Record:
    """Write a step and return the appointment's row."""
    if known is None:
        row = await tx.conn.fetchrow(
            PLAN, uuid7(), lead["desk"], lead["id"], lead["customer_id"], lead["partner_id"], wish.at, now
        )
    else:
        state = "planned" if wish.step is AppointmentStep.MOVED else wish.step.value
        row = await tx.conn.fetchrow(STEP, known["id"], wish.at, state, wish.by, wish.warned, now)
    if row is None:
        raise LookupError(lead["id"])
    return row


async def log(tx: Transaction, lead: asyncpg.Record, line: Line, now: datetime) -> None:
    """Write a line of a lead's history."""
    await tx.conn.execute(
        LOG, lead["desk"], lead["id"], now, line.actor, line.before, line.after, line.reason, line.cause_id
    )


async def actor_of(tx: Transaction, subject: str, desk: str) -> str:
    """Return the operator's id of a token's subject; the subject itself for people who are none."""
    found: str | None = await tx.conn.fetchval(OPERATOR, subject, desk)
    return found or subject
