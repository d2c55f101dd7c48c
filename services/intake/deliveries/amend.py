"""What follows a few deliveries at once, so that the statement of all of them need not carry it.

The sender is answered after it: one that was not comes again, and finds the same left to do.
"""

from collections.abc import Sequence
from typing import TypeAlias

import asyncpg

from libs.common.events.intake import LeadUpdated
from services.intake.deliveries.statement import COLUMNS

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Row: TypeAlias = tuple[object, ...]

_PLACES = {name: place for place, name in enumerate(COLUMNS)}

# The first to speak of an e-mail made its customer's id beside one that spoke of the phone: it never came to be.
REPOINT = """
UPDATE customer_identity c SET customer_id = $3
WHERE c.desk = $1 AND c.kind = 'email' AND c.value = $2 AND c.customer_id <> $3
  AND NOT EXISTS (SELECT FROM customer u WHERE u.id = c.customer_id)
"""

# Most of what comes again tells nothing new.
LACKING = """
SELECT l.id FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS g(id, name, phone, email)
JOIN lead l ON l.id = g.id
WHERE (coalesce(l.name, g.name), coalesce(l.phone, g.phone), coalesce(l.email, g.email))
      IS DISTINCT FROM (l.name, l.phone, l.email)
"""

# What a lead did not know of its person is taken from a later delivery; what it knew stays.
FILL = f"""
WITH given AS (
    SELECT $1::uuid AS lead_id, $2::uuid AS delivery_id, $3::timestamptz AS now, $4::text AS name,
           $5::text AS phone, $6::text AS phone_raw, $7::text AS email, $8::text AS phone_key, $9::text AS source,
           $10::text AS traceparent
), known_by AS (
    INSERT INTO customer_identity (desk, kind, value, customer_id)
    SELECT l.desk, i.kind, i.value, l.customer_id
    FROM given g JOIN lead l ON l.id = g.lead_id
    CROSS JOIN LATERAL (VALUES ('email', g.email), ('phone', g.phone_key)) i(kind, value)
    WHERE i.value IS NOT NULL ORDER BY i.kind
    ON CONFLICT DO NOTHING
), filled AS (
    UPDATE lead l
    SET name = coalesce(l.name, g.name), phone = coalesce(l.phone, g.phone),
        phone_raw = CASE WHEN l.phone IS NULL THEN coalesce(g.phone_raw, l.phone_raw) ELSE l.phone_raw END,
        email = coalesce(l.email, g.email), updated_at = g.now, version = l.version + 1
    FROM given g
    WHERE l.id = g.lead_id AND (coalesce(l.name, g.name), coalesce(l.phone, g.phone), coalesce(l.email, g.email))
          IS DISTINCT FROM (l.name, l.phone, l.email)
    RETURNING l.id, l.desk, l.customer_id, l.name, l.phone, l.phone_raw, l.email, l.language, l.zone,
              concat_ws(', ', CASE WHEN old.name IS DISTINCT FROM new.name THEN 'name' END,
                        CASE WHEN old.phone IS DISTINCT FROM new.phone THEN 'phone' END,
                        CASE WHEN old.email IS DISTINCT FROM new.email THEN 'email' END) AS gained
), named AS (
    UPDATE customer c SET name = f.name FROM filled f WHERE c.id = f.customer_id AND c.name IS NULL
), log AS (
    INSERT INTO history (desk, lead_id, at, what, actor, to_value, reason, cause_id)
    SELECT f.desk, f.id, g.now, 'lead_person', 'source:' || g.source, f.gained, 'said by the source', g.delivery_id
    FROM filled f, given g
), kept AS (
    UPDATE delivery d SET disposition = 'accepted' FROM filled, given g
    WHERE d.id = g.delivery_id AND d.disposition = 'repeat'
), bumped AS (
    INSERT INTO stream AS s (key, version) SELECT 'lead:' || id, 1 FROM filled
    ON CONFLICT (key) DO UPDATE SET version = s.version + 1
    RETURNING key, version
)
INSERT INTO outbox (event_id, type, key, sequence, desk, time, correlation_id, causation_id, traceparent, body)
SELECT uuidv7(), '{LeadUpdated.event_type}', b.key, b.version, f.desk, g.now, g.delivery_id, NULL, g.traceparent,
       convert_to(json_build_object(
           'lead_id', f.id, 'language', f.language, 'zone', f.zone,
           'person', json_build_object('name', f.name, 'phone', f.phone, 'phone_raw', f.phone_raw, 'email', f.email)
       )::text, 'UTF8')
FROM filled f, given g, bumped b
RETURNING true
"""  # noqa: S608 - made of constants alone

# A message that was taken once is not taken again, whatever it would do to the present state.
REPEAT = """
INSERT INTO delivery AS k (id, desk, source_id, received_at, method, query, headers, body, disposition, notes,
                           lead_id, order_id, order_number, reruns)
SELECT $1, $2, $3, $4, $5, $6, $7::text::jsonb, $8, 'repeat', $9::text::jsonb,
       d.lead_id, d.order_id, d.order_number, 0
FROM delivery d WHERE d.source_id = $3 AND d.webhook_id = $10
ON CONFLICT (id) DO UPDATE
SET disposition = 'repeat', reason = NULL, notes = excluded.notes, lead_id = excluded.lead_id,
    order_id = excluded.order_id, order_number = excluded.order_number
WHERE k.disposition = 'quarantined'
RETURNING lead_id, order_id, order_number
"""


async def amend(pool: Pool, deliveries: Sequence[tuple[Row, asyncpg.Record]]) -> set[object]:
    """Do what the statement left of deliveries; return the leads that learned something about their person."""
    for given, stored in deliveries:
        if stored["astray"]:
            await pool.execute(REPOINT, *_picked(given, "desk", "email"), stored["customer_id"])
    later = [(given, stored) for given, stored in deliveries if not stored["fresh"]]
    if not later:
        return set()
    said = zip(
        *((stored["lead_id"], *_picked(given, "name", "phone", "email")) for given, stored in later), strict=True
    )
    lacking = {row["id"] for row in await pool.fetch(LACKING, *said)}
    return {s["lead_id"] for g, s in later if s["lead_id"] in lacking and await _fill(pool, g, s)}


async def _fill(pool: Pool, given: Row, stored: asyncpg.Record) -> bool:
    said = _picked(
        given, "delivery_id", "now", "name", "phone", "phone_raw", "email", "phone_key", "source", "traceparent"
    )
    return bool(await pool.fetchval(FILL, stored["lead_id"], *said))


async def repeat(pool: Pool, given: Row) -> asyncpg.Record | None:
    """Keep a delivery of a message that was taken before; return that one's lead and order."""
    raw = _picked(
        given, "delivery_id", "desk", "source_id", "received_at", "method", "query", "headers", "body", "notes"
    )
    return await pool.fetchrow(REPEAT, *raw, *_picked(given, "webhook_id"))


def _picked(given: Row, *names: str) -> list[object]:
    return [given[_PLACES[name]] for name in names]
