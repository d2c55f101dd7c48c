"""Backfill: customer data of a lead that a later delivery of its order adds, in statements of their own.

Few deliveries need it, so the accepting statement does not carry it. The sender is answered afterwards: when a
process dies in between, the sender's retry finds the same work to do.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg

from libs.common.contracts.intake import LeadUpdated
from libs.common.contracts.shared import Signal
from libs.common.platform.db import Connection
from services.intake.deliveries.convert import DeliveryRow
from services.intake.deliveries.events import LEAD_UPDATED, json_object
from services.intake.deliveries.store import DELIVERIES, MESSAGE, REPEAT, Runner

_SAID = DELIVERIES.only("name", "phone", "email", "phone_key", "signals")
_CUSTOMER = DELIVERIES.only(
    "delivery_id",
    "now",
    "name",
    "phone",
    "phone_raw",
    "email",
    "phone_key",
    "signals",
    "source",
    "traceparent",
    "zone",
    "zone_source",
)
_CAUSE = DELIVERIES.only("delivery_id", "now", "source", "traceparent")

# When two deliveries of one customer race, the e-mail may point to a customer id that is never inserted, or to one
# who has been merged meanwhile. Point it to the customer of the phone.
REPOINT = """
UPDATE customer_identity c SET customer_id = $3
WHERE c.desk = $1 AND c.kind = 'email' AND c.value = $2 AND c.customer_id <> $3
  AND NOT EXISTS (SELECT FROM customer u WHERE u.id = c.customer_id AND u.merged_into IS NULL)
"""

_FALSE = f"'{Signal.FALSE_NUMBER}' = ANY (l.signals)"


def _doubtful(said: str) -> str:
    """Return SQL: something of a delivery was not read for certain, and its lead `l` does not say so yet."""
    uncertain = f"'{Signal.UNCERTAIN}'"
    return f"({uncertain} = ANY (string_to_array({said}, ',')) AND NOT {uncertain} = ANY (l.signals))"


# Most repeats bring nothing new.
DIFFERENCES = f"""
SELECT g.n, n.lacks, n.other
FROM unnest($1::uuid[], {_SAID.parameters(2)}) WITH ORDINALITY AS g(id, {_SAID.names}, n)
JOIN lead l ON l.id = g.id
CROSS JOIN LATERAL (SELECT
    (coalesce(l.name, g.name), coalesce(l.phone, g.phone), coalesce(l.email, g.email))
        IS DISTINCT FROM (l.name, l.phone, l.email) OR (g.phone_key IS NOT NULL AND {_FALSE})
        OR {_doubtful("g.signals")} AS lacks,
    CASE WHEN g.phone_key <> l.phone AND NOT {_FALSE} THEN 'phone'
         WHEN g.email <> l.email AND (g.phone = l.phone) IS NOT TRUE THEN 'email' END AS other
) n
WHERE n.lacks OR n.other IS NOT NULL
"""  # noqa: S608 - made of constants alone

# Fills in customer data that the lead lacks; known values stay, but a number that cannot be one gives way to one
# that can, and is false no more.
FILL = f"""
WITH given AS (
    SELECT l.id AS lead_id, n.*, CASE WHEN c.better THEN n.phone ELSE coalesce(l.phone, n.phone) END AS best,
           CASE WHEN c.better OR l.phone IS NULL THEN coalesce(n.phone_raw, l.phone_raw) ELSE l.phone_raw END
               AS best_raw,
           CASE WHEN c.better THEN array_remove(l.signals, '{Signal.FALSE_NUMBER}') ELSE l.signals END
               || CASE WHEN {_doubtful("n.signals")} THEN '{{{Signal.UNCERTAIN}}}'::text[] END AS best_signals,
           l.zone_source = 'desk' AND n.zone_source = 'phone' AND (c.better OR l.phone IS NULL) AS placed
    FROM unnest({_CUSTOMER.parameters(2)}) AS n({_CUSTOMER.names})
    JOIN lead l ON l.id = $1::uuid
    CROSS JOIN LATERAL (SELECT n.phone_key IS NOT NULL AND {_FALSE} AS better) c
), known_by AS (
    INSERT INTO customer_identity (desk, kind, value, customer_id)
    SELECT l.desk, i.kind, i.value, coalesce(u.merged_into, l.customer_id)
    FROM given g JOIN lead l ON l.id = g.lead_id LEFT JOIN customer u ON u.id = l.customer_id
    CROSS JOIN LATERAL (VALUES ('email', g.email), ('phone', g.phone_key)) i(kind, value)
    WHERE i.value IS NOT NULL ORDER BY i.kind
    ON CONFLICT DO NOTHING
    RETURNING desk, kind, value, customer_id
), learned AS (
    INSERT INTO identity_change (desk, customer_id, at, what, kind, value, actor, reason, cause_id)
    SELECT k.desk, k.customer_id, g.now, 'attached', k.kind, k.value, 'source:' || g.source, 'said by the source',
           g.delivery_id
    FROM known_by k, given g
), filled AS (
    UPDATE lead l
    SET name = coalesce(l.name, g.name), phone = g.best, phone_raw = g.best_raw, email = coalesce(l.email, g.email),
        zone = CASE WHEN g.placed THEN g.zone ELSE l.zone END,
        zone_source = CASE WHEN g.placed THEN g.zone_source ELSE l.zone_source END,
        signals = g.best_signals, updated_at = g.now, version = l.version + 1
    FROM given g
    WHERE l.id = g.lead_id AND (coalesce(l.name, g.name), g.best, coalesce(l.email, g.email), g.best_signals)
          IS DISTINCT FROM (l.name, l.phone, l.email, l.signals)
    RETURNING l.id, l.desk, l.customer_id, l.name, l.phone, l.phone_raw, l.email, l.language, l.zone, l.zone_source,
              l.signals, l.version, concat_ws(', ', CASE WHEN old.name IS DISTINCT FROM new.name THEN 'name' END,
                        CASE WHEN old.phone IS DISTINCT FROM new.phone THEN 'phone' END,
                        CASE WHEN old.email IS DISTINCT FROM new.email THEN 'email' END) AS gained
), named AS (
    UPDATE customer c SET name = f.name FROM filled f WHERE c.id = f.customer_id AND c.name IS NULL
), log AS (
    INSERT INTO history (desk, lead_id, at, what, actor, to_value, reason, cause_id)
    SELECT f.desk, f.id, g.now, 'lead_person', 'source:' || g.source, f.gained, 'said by the source', g.delivery_id
    FROM filled f, given g WHERE f.gained <> ''
), kept AS (
    UPDATE delivery d SET disposition = 'accepted' FROM filled, given g
    WHERE d.id = g.delivery_id AND d.disposition = 'repeat'
), bumped AS (
    INSERT INTO stream AS s (key, version) SELECT 'lead:' || id, 1 FROM filled
    ON CONFLICT (key) DO UPDATE SET version = s.version + 1
    RETURNING key, version
)
INSERT INTO outbox (event_id, type, key, sequence, desk, time, correlation_id, causation_id, traceparent, body)
SELECT uuidv7(), '{LeadUpdated.event_type}', b.key, b.version, l.desk, g.now, g.delivery_id, NULL, g.traceparent,
       convert_to({json_object(LEAD_UPDATED)}::text, 'UTF8')
FROM filled l, given g, bumped b
RETURNING true
"""  # noqa: S608 - made of constants alone

# Known contacts stay. Another contact is noted once: in the history, as a signal, and in an event.
NOTE_CONTACT = f"""
WITH given AS (
    SELECT $1::uuid AS lead_id, $2::text AS kind, $3::text AS contact, n.*
    FROM unnest({_CAUSE.parameters(4)}) AS n({_CAUSE.names})
), noted AS (
    UPDATE lead l
    SET signals = CASE WHEN '{Signal.OTHER_CONTACT}' = ANY (l.signals) THEN l.signals
                       ELSE l.signals || '{Signal.OTHER_CONTACT}'::text END,
        updated_at = g.now, version = l.version + 1
    FROM given g
    WHERE l.id = g.lead_id AND NOT EXISTS (
        SELECT FROM history h WHERE h.lead_id = l.id AND h.what = 'lead_person' AND h.to_value = g.contact)
    RETURNING l.*
), log AS (
    INSERT INTO history (desk, lead_id, at, what, actor, from_value, to_value, reason, cause_id)
    SELECT t.desk, t.id, g.now, 'lead_person', 'source:' || g.source,
           CASE g.kind WHEN 'phone' THEN t.phone ELSE t.email END, g.contact, 'another contact, not taken over',
           g.delivery_id
    FROM noted t, given g
), marked AS (
    UPDATE delivery d
    SET notes = d.notes || jsonb_build_array(jsonb_build_object(
            'field', g.kind, 'code', '{Signal.OTHER_CONTACT}', 'detail', g.contact)),
        disposition = CASE WHEN d.disposition = 'repeat' AND EXISTS (SELECT FROM noted) THEN 'accepted'
                           ELSE d.disposition END
    FROM given g WHERE d.id = g.delivery_id
), bumped AS (
    INSERT INTO stream AS s (key, version) SELECT 'lead:' || id, 1 FROM noted
    ON CONFLICT (key) DO UPDATE SET version = s.version + 1
    RETURNING key, version
)
INSERT INTO outbox (event_id, type, key, sequence, desk, time, correlation_id, causation_id, traceparent, body)
SELECT uuidv7(), '{LeadUpdated.event_type}', b.key, b.version, l.desk, g.now, g.delivery_id, NULL, g.traceparent,
       convert_to({json_object(LEAD_UPDATED)}::text, 'UTF8')
FROM noted l, given g, bumped b
RETURNING true
"""  # noqa: S608 - made of constants alone


async def backfill(db: Runner, deliveries: Sequence[tuple[DeliveryRow, asyncpg.Record]]) -> set[object]:
    """Finish deliveries that the statement stored in part; return the leads whose customer data changed."""
    for given, stored in deliveries:
        if stored["conflict"]:
            await db.execute(REPOINT, given.delivery.source.desk, given.customer.email, stored["customer_id"])
    later = [(given, stored["lead_id"]) for given, stored in deliveries if not stored["fresh"]]
    return await update_leads(db, later) if later else set()


async def update_leads(db: Runner, later: Sequence[tuple[DeliveryRow, object]]) -> set[object]:
    """Fill in what leads lack and note contacts that differ; return the leads that changed."""
    said = _SAID.arrays([given for given, _ in later])
    changed = set[object]()
    for found in await db.fetch(DIFFERENCES, [lead for _, lead in later], *said):
        given, lead = later[found["n"] - 1]
        filled = found["lacks"] and await _fill(db, given, lead)
        noted = found["other"] is not None and await _note_contact(db, given, lead, found["other"])
        if filled or noted:
            changed.add(lead)
    return changed


async def _fill(db: Runner, given: DeliveryRow, lead: object) -> bool:
    return bool(await db.fetchval(FILL, lead, *_CUSTOMER.arrays([given])))


async def _note_contact(db: Runner, given: DeliveryRow, lead: object, kind: str) -> bool:
    contact = {"phone": given.customer.phone, "email": given.customer.email}[kind]
    async with _transaction(db) as conn:
        # The lock makes a second delivery with the same contact wait and see the first one's history.
        await conn.execute("SELECT FROM lead WHERE id = $1 FOR UPDATE", lead)
        return bool(await conn.fetchval(NOTE_CONTACT, lead, kind, contact, *_CAUSE.arrays([given])))


@asynccontextmanager
async def _transaction(db: Runner) -> AsyncIterator[Connection]:
    """Run statements together: in a transaction of their own, or in a part of the caller's."""
    if isinstance(db, asyncpg.Pool):
        async with db.acquire() as conn, conn.transaction():
            yield conn
    else:
        async with db.transaction():
            yield db


async def repeat(db: Runner, given: DeliveryRow) -> asyncpg.Record | None:
    """Store a delivery of a message that was accepted before; return the lead and order of the earlier one."""
    return await db.fetchrow(REPEAT, *MESSAGE.arrays([given]))
