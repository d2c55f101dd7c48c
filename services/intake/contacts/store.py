"""SQL that writes contacts. Locks are taken in intake's order: identities, customers, leads, stream rows.

The contact's own row is locked before them: a second report of one call waits for the first.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from libs.common.contracts.shared import Stage
from libs.common.platform.db import Transaction
from services.intake.contacts.rules import Known, Person, Said, owner_of
from services.intake.customers import store as customers
from services.intake.customers.rules import Place
from services.intake.playbooks.rules import SHOWN_TITLE, UNSEEN, Born
from services.intake.sources.rules import Source

# What a later report does not say stays as it is known. $17, a call under way, keeps how and when the call began,
# and all of one that has ended: that has its length, or was missed.
_ENDED = "($17::boolean AND (c.duration IS NOT NULL OR c.kind = 'missed'))"
STORE = f"""
INSERT INTO contact AS c (id, desk, source_id, source, external_id, kind, direction, at, duration, operator_id,
                          extension, line, recording, message_id, person, received_at, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 1)
ON CONFLICT (source_id, external_id) DO UPDATE
SET (kind, direction, at, duration, operator_id, extension, line, recording, message_id, version) = (
    SELECT s.*, c.version + (s IS DISTINCT FROM (
        c.kind, c.direction, c.at, c.duration, c.operator_id, c.extension, c.line, c.recording, c.message_id))::int
    FROM (SELECT CASE WHEN $17 THEN c.kind ELSE excluded.kind END,
                 CASE WHEN $17 THEN c.direction ELSE excluded.direction END,
                 CASE WHEN $17 THEN c.at ELSE excluded.at END, coalesce(excluded.duration, c.duration),
                 CASE WHEN {_ENDED} THEN coalesce(c.operator_id, excluded.operator_id)
                      ELSE coalesce(excluded.operator_id, c.operator_id) END,
                 CASE WHEN {_ENDED} THEN c.extension ELSE coalesce(excluded.extension, c.extension) END,
                 coalesce(excluded.line, c.line), coalesce(excluded.recording, c.recording),
                 coalesce(excluded.message_id, c.message_id)) s
)
RETURNING old.id IS NULL AS fresh, coalesce(new.version > old.version, false) AS moved, new.*
"""  # noqa: S608 - made of constants alone
ATTACH = "UPDATE customer_identity SET customer_id = $2 WHERE customer_id = $1"
HAS_ANOTHER = f"""
SELECT EXISTS (SELECT FROM customer_identity WHERE customer_id IN ({customers.TREE}) AND kind = $2 AND value <> $3)
"""  # noqa: S608 - constants
# An identity may point to a customer who was never inserted: two deliveries raced.
CUSTOMER = """
INSERT INTO customer AS c (id, desk, name, created_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (id) DO UPDATE SET name = coalesce(c.name, excluded.name)
"""
LIVE = f"""
SELECT id FROM lead
WHERE customer_id IN ({customers.TREE}) AND desk = $2 AND merged_into IS NULL
  AND stage IN ('new', 'working', 'booked')
ORDER BY created_at DESC, id DESC LIMIT 1
"""  # noqa: S608 - constants
WON = f"""
SELECT id FROM lead
WHERE customer_id IN ({customers.TREE}) AND desk = $2 AND merged_into IS NULL AND stage = 'won'
ORDER BY created_at DESC, id DESC LIMIT 1
"""  # noqa: S608 - constants
# As WON, where the lead's version of its playbook calls a buyer back whose call was missed.
RETURNED = f"""
SELECT id FROM (
    SELECT id, created_at, playbook FROM lead
    WHERE customer_id IN ({customers.TREE}) AND desk = $2 AND merged_into IS NULL AND stage = 'won'
    ORDER BY created_at DESC, id DESC LIMIT 1
) AS l JOIN active_playbook p ON p.desk = $2 AND p.code = l.playbook
WHERE p.returns_calls_since <= l.created_at AND p.returns_calls_sequence = p.sequence
"""  # noqa: S608 - constants
# As they are by now: a lead that was merged is the winner.
NAMED = """
SELECT coalesce(l.merged_into, l.id) AS id, coalesce(c.merged_into, l.customer_id) AS customer_id
FROM lead l LEFT JOIN customer c ON c.id = l.customer_id WHERE l.id = $1 AND l.desk = $2
"""
FIRST_STATUS = "SELECT first_status, first_title, first_stage FROM active_playbook WHERE desk = $1 AND code = $2"
OPEN = """
WITH logged AS (
    INSERT INTO history (desk, lead_id, at, what, actor, to_value, reason, cause_id)
    VALUES ($2, $1, $15, 'lead_status', 'source:' || $5, $7, 'received', $16)
)
INSERT INTO lead (id, desk, customer_id, source_id, source, playbook, status, title, stage, signals, name, phone,
                  phone_raw, email, language, zone, zone_source, marketing, created_at, updated_at, version,
                  partner_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $17, $18, $20, '{}', $15, $15, 1, $19)
"""
# An extension that several share names none of them.
BY_EXTENSION = """
SELECT CASE count(*) WHEN 1 THEN (array_agg(id))[1] END FROM operator
WHERE desk = $1 AND extension = $2 AND active
"""
KNOWN = "SELECT EXISTS (SELECT FROM contact WHERE source_id = $1 AND external_id = $2)"
KEEP_RECORDING = """
UPDATE contact SET recording = $3, version = version + 1
WHERE source_id = $1 AND external_id = $2 AND recording IS DISTINCT FROM $3 RETURNING *
"""
# Both a call and its recording wait for the other that is being stored: each then finds what came first.
ONE_CALL = "SELECT pg_advisory_xact_lock(hashtext('recording'), hashtext($1::uuid::text || ' ' || $2))"
KEEP_EARLY = """
INSERT INTO early_recording (source_id, external_id, desk, recording, received_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (source_id, external_id) DO UPDATE SET recording = excluded.recording
"""
TRIM_EARLY = "DELETE FROM early_recording WHERE received_at < $1"
TAKE_EARLY = """
WITH early AS (DELETE FROM early_recording WHERE source_id = $2 AND external_id = $3 RETURNING recording)
UPDATE contact c SET recording = early.recording FROM early WHERE c.id = $1 RETURNING c.*
"""
SETTLE = "UPDATE contact SET customer_id = $2, lead_id = $3 WHERE id = $1"


class Stored(NamedTuple):
    """The row of a contact: `fresh` the first report of it, `moved` a later one that says more."""

    row: asyncpg.Record
    fresh: bool
    moved: bool


async def store(
    tx: Transaction, contact_id: UUID, source: Source, said: Said, person: dict[str, object], now: datetime
) -> Stored:
    """Store a report of a contact and lock its row."""
    row = await tx.conn.fetchrow(
        STORE, contact_id, source.desk, source.id, source.code, said.external_id, said.kind, said.direction,
        said.at, said.duration, said.operator_id, said.extension, said.line, said.recording, said.message_id,
        person, now, said.under_way,
    )  # fmt: skip
    if row is None:
        raise LookupError(contact_id)
    return Stored(row, row["fresh"], row["moved"])


class Found(NamedTuple):
    """The customer behind a person; `attached`: by what they were not known before. `fresh`: they are new."""

    customer_id: UUID
    attached: tuple[Known, ...]
    fresh: bool


async def customer_of(
    tx: Transaction, desk: str, person: Person, new: UUID, now: datetime, wrote: Known | None = None
) -> Found | None:
    """Return the customer behind a person's identities, made where there is none; None without any identity.

    `wrote`: a number in their message. It finds no customer, and becomes theirs if they have none and no one else
    has it.
    """
    if not person.known_by:
        return None
    asked = person.known_by if wrote is None else sorted({*person.known_by, wrote})
    claimed = {each.known: each for each in await customers.claim(tx, desk, new, asked)}
    customer = owner_of({known: each.customer_id for known, each in claimed.items() if known != wrote}, new)
    if customer != new:
        await tx.conn.execute(ATTACH, new, customer)
    await tx.conn.execute(CUSTOMER, customer, desk, person.name, now)
    attached = [known for known, each in claimed.items() if each.fresh]
    if wrote in attached and await tx.conn.fetchval(HAS_ANOTHER, customer, *wrote):
        attached.remove(wrote)
        await customers.release(tx, desk, customer, wrote)
    return Found(customer, tuple(attached), customer == new)


async def operator_at(tx: Transaction, desk: str, extension: str) -> UUID | None:
    """Return the active operator of a desk whose telephone an extension is."""
    found: UUID | None = await tx.conn.fetchval(BY_EXTENSION, desk, extension)
    return found


async def keep_recording(
    tx: Transaction, source: Source, external_id: str, recording: str, now: datetime
) -> asyncpg.Record | None:
    """Write where the recording of a call is; return its row, None when it is so already or the call unknown.

    That of an unknown call is kept until the call is heard of.
    """
    await tx.conn.execute(ONE_CALL, source.id, external_id)
    row = await tx.conn.fetchrow(KEEP_RECORDING, source.id, external_id, recording)
    if row is None and not await tx.conn.fetchval(KNOWN, source.id, external_id):
        await tx.conn.execute(KEEP_EARLY, source.id, external_id, source.desk, recording, now)
    return row


async def with_early_recording(
    tx: Transaction, contact_id: UUID, source_id: UUID, external_id: str
) -> asyncpg.Record | None:
    """Return a call that was just stored with its recording, if that came before it; else None."""
    await tx.conn.execute(ONE_CALL, source_id, external_id)
    return await tx.conn.fetchrow(TAKE_EARLY, contact_id, source_id, external_id)


async def live_lead(tx: Transaction, customer_id: UUID, desk: str) -> UUID | None:
    """Return the customer's newest live lead of the desk."""
    found: UUID | None = await tx.conn.fetchval(LIVE, customer_id, desk)
    return found


async def won_lead(tx: Transaction, customer_id: UUID, desk: str) -> UUID | None:
    """Return the customer's newest lead of the desk by which they have bought."""
    found: UUID | None = await tx.conn.fetchval(WON, customer_id, desk)
    return found


async def returned_lead(tx: Transaction, customer_id: UUID, desk: str) -> UUID | None:
    """Return the lead of `won_lead` if its playbook calls a buyer back and leaves the sale as it is."""
    found: UUID | None = await tx.conn.fetchval(RETURNED, customer_id, desk)
    return found


async def named_lead(tx: Transaction, lead_id: UUID, desk: str) -> asyncpg.Record | None:
    """Return id and customer of a lead that the caller names; None when the desk has no such lead."""
    return await tx.conn.fetchrow(NAMED, lead_id, desk)


async def born(tx: Transaction, desk: str, playbook: str) -> Born:
    """Return the status in which a lead of the playbook is born."""
    row = await tx.conn.fetchrow(FIRST_STATUS, desk, playbook)
    if row is None or row["first_status"] is None:
        return UNSEEN
    return Born(row["first_status"], row["first_title"], Stage(row["first_stage"]))


async def open_lead(
    tx: Transaction, lead_id: UUID, customer_id: UUID, source: Source, person: Person, place: Place, first: Born,
    now: datetime, cause: UUID,
) -> None:  # fmt: skip
    """Insert a lead without an order, and its first line of history."""
    phone = person.phone
    await tx.conn.execute(
        OPEN, lead_id, source.desk, customer_id, source.id, source.code, source.playbook, first.status,
        dict(first.title or SHOWN_TITLE), first.stage.value, list(person.signals), person.name,
        phone.e164 if phone else None, phone.raw if phone else None, person.email, now, cause, source.language,
        place.zone, source.partner_id, place.source.value,
    )  # fmt: skip


async def settle(tx: Transaction, contact_id: UUID, customer_id: UUID | None, lead_id: UUID | None) -> None:
    """Write whose the contact is, and of which lead."""
    await tx.conn.execute(SETTLE, contact_id, customer_id, lead_id)
