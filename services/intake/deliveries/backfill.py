"""What follows a few deliveries at once, so that the statement of all of them need not carry it.

The sender is answered after it: one that was not comes again, and finds the same left to do.
"""

from collections.abc import Sequence
from typing import TypeAlias

import asyncpg

from libs.common.contracts.intake import LeadUpdated
from libs.common.contracts.shared import Signal
from services.intake.deliveries.convert import Admission
from services.intake.deliveries.events import LEAD_UPDATED, json_object
from services.intake.deliveries.rows import DELIVERIES

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

_SAID = DELIVERIES.only("name", "phone", "email", "phone_key")
_PERSON = DELIVERIES.only(
    "delivery_id", "now", "name", "phone", "phone_raw", "email", "phone_key", "source", "traceparent"
)
_CAUSE = DELIVERIES.only("delivery_id", "now", "source", "traceparent")
_MESSAGE = DELIVERIES.only(
    "delivery_id", "desk", "source_id", "received_at", "method", "query", "headers", "body", "notes", "webhook_id"
)

# The first to speak of an e-mail made its customer's id beside one that spoke of the phone: it never came to be.
REPOINT = """
UPDATE customer_identity c SET customer_id = $3
WHERE c.desk = $1 AND c.kind = 'email' AND c.value = $2 AND c.customer_id <> $3
  AND NOT EXISTS (SELECT FROM customer u WHERE u.id = c.customer_id)
"""

# Most of what comes again tells nothing new.
NEWS = f"""
SELECT g.n, n.lacks, n.other
FROM unnest($1::uuid[], {_SAID.parameters(2)}) WITH ORDINALITY AS g(id, {_SAID.names}, n)
JOIN lead l ON l.id = g.id
CROSS JOIN LATERAL (SELECT
    (coalesce(l.name, g.name), coalesce(l.phone, g.phone), coalesce(l.email, g.email))
        IS DISTINCT FROM (l.name, l.phone, l.email) AS lacks,
    CASE WHEN g.phone_key <> l.phone THEN 'phone'
         WHEN g.email <> l.email AND (g.phone = l.phone) IS NOT TRUE THEN 'email' END AS other
) n
WHERE n.lacks OR n.other IS NOT NULL
"""  # noqa: S608 - made of constants alone

# What a lead did not know of its person is taken from a later delivery; what it knew stays.
FILL = f"""
WITH given AS (
    SELECT $1::uuid AS lead_id, n.* FROM unnest({_PERSON.parameters(2)}) AS n({_PERSON.names})
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
    RETURNING l.id, l.desk, l.customer_id, l.name, l.phone, l.phone_raw, l.email, l.language, l.zone, l.signals,
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
SELECT uuidv7(), '{LeadUpdated.event_type}', b.key, b.version, l.desk, g.now, g.delivery_id, NULL, g.traceparent,
       convert_to({json_object(LEAD_UPDATED)}::text, 'UTF8')
FROM filled l, given g, bumped b
RETURNING true
"""  # noqa: S608 - made of constants alone

# What a lead knew stays; another contact is told once, to the people who work it and to whoever hears its events.
TELL = f"""
WITH given AS (
    SELECT $1::uuid AS lead_id, $2::text AS kind, $3::text AS contact, n.*
    FROM unnest({_CAUSE.parameters(4)}) AS n({_CAUSE.names})
), told AS (
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
    FROM told t, given g
), noted AS (
    UPDATE delivery d
    SET notes = d.notes || jsonb_build_array(jsonb_build_object(
            'field', g.kind, 'code', '{Signal.OTHER_CONTACT}', 'detail', g.contact)),
        disposition = CASE WHEN d.disposition = 'repeat' AND EXISTS (SELECT FROM told) THEN 'accepted'
                           ELSE d.disposition END
    FROM given g WHERE d.id = g.delivery_id
), bumped AS (
    INSERT INTO stream AS s (key, version) SELECT 'lead:' || id, 1 FROM told
    ON CONFLICT (key) DO UPDATE SET version = s.version + 1
    RETURNING key, version
)
INSERT INTO outbox (event_id, type, key, sequence, desk, time, correlation_id, causation_id, traceparent, body)
SELECT uuidv7(), '{LeadUpdated.event_type}', b.key, b.version, l.desk, g.now, g.delivery_id, NULL, g.traceparent,
       convert_to({json_object(LEAD_UPDATED)}::text, 'UTF8')
FROM told l, given g, bumped b
RETURNING true
"""  # noqa: S608 - made of constants alone

# A message that was taken once is not taken again, whatever it would do to the present state.
REPEAT = f"""
INSERT INTO delivery AS k (id, desk, source_id, received_at, method, query, headers, body, disposition, notes,
                           lead_id, order_id, order_number, reruns)
SELECT n.delivery_id, n.desk, n.source_id, n.received_at, n.method, n.query, n.headers::jsonb, n.body, 'repeat',
       n.notes::jsonb, d.lead_id, d.order_id, d.order_number, 0
FROM {_MESSAGE.source()} JOIN delivery d USING (source_id, webhook_id)
ON CONFLICT (id) DO UPDATE
SET disposition = 'repeat', reason = NULL, notes = excluded.notes, lead_id = excluded.lead_id,
    order_id = excluded.order_id, order_number = excluded.order_number
WHERE k.disposition = 'quarantined'
RETURNING lead_id, order_id, order_number
"""  # noqa: S608 - made of constants alone


async def amend(pool: Pool, deliveries: Sequence[tuple[Admission, asyncpg.Record]]) -> set[object]:
    """Do what the statement left of deliveries; return the leads that learned something about their person."""
    for given, stored in deliveries:
        if stored["astray"]:
            await pool.execute(REPOINT, given.delivery.source.desk, given.person.email, stored["customer_id"])
    later = [(given, stored["lead_id"]) for given, stored in deliveries if not stored["fresh"]]
    return await learn(pool, later) if later else set()


async def learn(pool: Pool, later: Sequence[tuple[Admission, object]]) -> set[object]:
    """Take over what leads did not know, and tell what differs; return the leads that learned something."""
    said = _SAID.arrays([given for given, _ in later])
    learned = set[object]()
    for news in await pool.fetch(NEWS, [lead for _, lead in later], *said):
        given, lead = later[news["n"] - 1]
        filled = news["lacks"] and await _fill(pool, given, lead)
        told = news["other"] is not None and await _tell(pool, given, lead, news["other"])
        if filled or told:
            learned.add(lead)
    return learned


async def _fill(pool: Pool, given: Admission, lead: object) -> bool:
    return bool(await pool.fetchval(FILL, lead, *_PERSON.arrays([given])))


async def _tell(pool: Pool, given: Admission, lead: object, kind: str) -> bool:
    contact = {"phone": given.person.phone, "email": given.person.email}[kind]
    async with pool.acquire() as conn, conn.transaction():
        # Two that tell the same at once: the second one looks after the first.
        await conn.execute("SELECT FROM lead WHERE id = $1 FOR UPDATE", lead)
        return bool(await conn.fetchval(TELL, lead, kind, contact, *_CAUSE.arrays([given])))


async def repeat(pool: Pool, given: Admission) -> asyncpg.Record | None:
    """Keep a delivery of a message that was taken before; return that one's lead and order."""
    return await pool.fetchrow(REPEAT, *_MESSAGE.arrays([given]))
