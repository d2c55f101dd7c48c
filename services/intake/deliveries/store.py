"""SQL that writes deliveries. `ACCEPT` stores up to a batch of them in one statement, all or nothing.

The statement sees one snapshot: a row that a concurrent transaction committed meanwhile is invisible to its reads.
What must be right under such a race is therefore decided by what an `ON CONFLICT` lock returns: the customer behind
an identity, new or repeat, the state before a change, and (for S4.2) the customer's newest order, which the
customer's row carries for that purpose. `fresh` and `conflict` say what is left to `backfill`.

An identifier that is `unsure` may belong to another customer by now. When the known order's customer is not
evidently the same, nothing is stored and the delivery is missing among the results:
`same_customer.check_order` decides. An order that this snapshot does not see cannot be compared, so such a race is
lost (a cardinality error) and the delivery is stored again in a new snapshot.

Locks are taken in one order everywhere: identities (e-mail before phone), customers, orders, stream rows, each
sorted. A batch holds no order and no identity twice (`rules.take_batch`). Two deliveries that turn out to be of one
customer fail the batch with a cardinality error, and are then stored one by one.
"""

from operator import attrgetter
from typing import TypeAlias

import asyncpg
import orjson

from libs.common.contracts.intake import LeadReceivedV2, OrderChanged
from libs.common.contracts.shared import OrderStatus, Purpose, Signal
from libs.common.platform.db import Connection
from libs.common.platform.db.bulk import Bulk
from services.intake.consents.rules import LISTED
from services.intake.deliveries.convert import DeliveryRow
from services.intake.deliveries.events import LEAD_RECEIVED, ORDER, ORDER_CHANGED, joined, json_object
from services.intake.formats import rules
from services.intake.payment_reports.store import KEPT_THERE, KNOWN_FROM_US
from services.intake.placements.rules import OURS
from services.intake.playbooks.rules import SHOWN_TITLE, UNSEEN

# Where a statement runs: by itself, or in the caller's transaction.
Runner: TypeAlias = "asyncpg.Pool[asyncpg.Record] | Connection"

# Every column of the accepting statement once: name, type, attribute of the row.
DELIVERIES: Bulk[DeliveryRow] = Bulk(
    "delivery",
    (
        ("delivery_id", "uuid", attrgetter("delivery.id")),
        ("desk", "text", attrgetter("delivery.source.desk")),
        ("source_id", "uuid", attrgetter("delivery.source.id")),
        ("source", "text", attrgetter("delivery.source.code")),
        ("playbook", "text", attrgetter("delivery.source.playbook")),
        ("received_at", "timestamptz", attrgetter("delivery.received_at")),
        ("now", "timestamptz", attrgetter("now")),
        ("method", "text", attrgetter("delivery.raw.method")),
        ("query", "bytea", attrgetter("query")),
        ("headers", "text", attrgetter("headers")),
        ("body", "bytea", attrgetter("body")),
        ("notes", "text", attrgetter("notes")),
        ("external_id", "text", attrgetter("external_id")),
        ("external_number", "text", attrgetter("order.external_number")),
        ("status", "text", attrgetter("order.status")),
        ("amount", "numeric", attrgetter("order.amount")),
        ("paid", "numeric", attrgetter("order.paid")),
        ("currency", "text", attrgetter("order.currency")),
        ("payment_link", "text", attrgetter("order.payment_link")),
        ("items", "text", attrgetter("items")),
        ("marketing", "text", attrgetter("marketing")),
        ("placed_at", "timestamptz", attrgetter("order.placed_at")),
        ("said_at", "timestamptz", attrgetter("order.said_at")),
        ("name", "text", attrgetter("customer.name")),
        ("phone", "text", attrgetter("customer.phone")),
        ("phone_raw", "text", attrgetter("customer.phone_raw")),
        ("email", "text", attrgetter("customer.email")),
        ("phone_key", "text", attrgetter("phone_key")),
        ("language", "text", attrgetter("delivery.source.language")),
        ("zone", "text", attrgetter("zone")),
        ("zone_source", "text", attrgetter("zone_source")),
        ("signals", "text", attrgetter("signals")),
        ("traceparent", "text", attrgetter("delivery.traceparent")),
        ("head", "text", attrgetter("head")),
        ("order_head", "text", attrgetter("order_head")),
        ("webhook_id", "text", attrgetter("webhook_id")),
        ("unsure", "boolean", attrgetter("unsure")),
        ("partner_id", "uuid", attrgetter("delivery.source.partner_id")),
    ),
)

SHOWN_TITLE_JSON = orjson.dumps(dict(SHOWN_TITLE)).decode()
RECEIVED = joined(f"""head || ',"order":' || {joined("order_head", ORDER)}""", LEAD_RECEIVED)
UNPAID, PAID, BEFORE_PAID = (
    ", ".join(f"'{status.value}'" for status in sorted(statuses))
    for statuses in (rules.UNPAID, rules.PAID, rules.BEFORE_PAID)
)


def said_paid(status: str, prefix: str = "") -> str:
    """Return SQL of what a delivery says was paid in all: the sum, or by its status what the order costs."""
    return f"coalesce({prefix}paid, CASE WHEN {status} = '{OrderStatus.PAID}' THEN {prefix}amount END)"


# Who is not called (P.14): the customer's row says so, whichever delivery is theirs.
STOP_CALLS = f"{Purpose.CALLS},{LISTED}"
_SAME = "(c.last_source_id, c.last_external_id) = (excluded.last_source_id, excluded.last_external_id)"

ACCEPT = f"""
WITH given AS MATERIALIZED (
    SELECT i.*, uuidv7() AS lead_id, uuidv7() AS new_customer_id, string_to_array(i.signals, ',') AS marks,
           o.id AS known, o.order_number AS known_number, o.customer_id AS known_customer,
           coalesce(i.status, o.status, 'new') AS state, coalesce(b.first_status, '{UNSEEN.status}') AS born_status,
           b.first_title AS born_title, coalesce(b.first_stage, '{UNSEEN.stage}') AS born_stage
    FROM unnest({DELIVERIES.parameters()}) WITH ORDINALITY AS i({DELIVERIES.names}, n)
    -- LIMIT keeps the plan on the index, also a plan made while the table was empty.
    LEFT JOIN LATERAL (
        SELECT o.id, o.order_number, o.customer_id, o.status, o.lead_id FROM sales_order o
        WHERE o.source_id = i.source_id AND o.external_id = i.external_id LIMIT 1
    ) o ON true
    LEFT JOIN active_playbook b ON (b.desk, b.code) = (i.desk, i.playbook)
    LEFT JOIN LATERAL (SELECT l.name, l.phone, l.email FROM lead l WHERE l.id = o.lead_id LIMIT 1) l ON i.unsure
    WHERE (i.unsure AND o.id IS NOT NULL AND (i.name = l.name) IS NOT TRUE AND (i.phone = l.phone) IS NOT TRUE
           AND (i.email = l.email AND (i.phone IS NULL OR l.phone IS NULL)) IS NOT TRUE) IS NOT TRUE
), emails AS (
    INSERT INTO customer_identity AS c (desk, kind, value, customer_id)
    SELECT i.desk, 'email', i.email, coalesce(
        (SELECT p.customer_id FROM customer_identity p
         WHERE p.desk = i.desk AND p.kind = 'phone' AND p.value = i.phone_key), i.new_customer_id)
    FROM given i WHERE i.email IS NOT NULL AND i.known IS NULL ORDER BY i.desk, i.email
    ON CONFLICT (desk, kind, value) DO UPDATE SET customer_id = c.customer_id
    RETURNING desk, value, new.customer_id, old.customer_id IS NULL AS attached
), phones AS (
    INSERT INTO customer_identity AS c (desk, kind, value, customer_id)
    SELECT i.desk, 'phone', i.phone_key, coalesce(e.customer_id, i.new_customer_id)
    FROM given i LEFT JOIN emails e ON e.value = i.email AND e.desk = i.desk
    WHERE i.phone_key IS NOT NULL AND i.known IS NULL ORDER BY i.desk, i.phone_key
    ON CONFLICT (desk, kind, value) DO UPDATE SET customer_id = c.customer_id
    RETURNING desk, value, new.customer_id, old.customer_id IS NULL AS attached
), resolved AS MATERIALIZED (
    SELECT i.*, coalesce(i.known_customer, p.customer_id, e.customer_id, i.new_customer_id) AS customer_id,
           e.customer_id AS email_customer, p.attached AS new_phone, e.attached AS new_email
    FROM given i
    LEFT JOIN phones p ON p.value = i.phone_key AND p.desk = i.desk
    LEFT JOIN emails e ON e.value = i.email AND e.desk = i.desk
), customers AS (
    INSERT INTO customer AS c
        (id, desk, name, created_at, last_source_id, last_external_id, last_lead_id, last_unpaid)
    SELECT r.customer_id, r.desk, r.name, r.received_at, r.source_id, r.external_id, r.lead_id,
           r.state IN ({UNPAID})
    FROM resolved r WHERE r.known IS NULL ORDER BY r.customer_id
    ON CONFLICT (id) DO UPDATE
    SET name = coalesce(c.name, excluded.name),
        last_source_id = excluded.last_source_id,
        last_external_id = excluded.last_external_id,
        -- A concurrent duplicate must not write a lead that is never inserted.
        last_lead_id = CASE WHEN {_SAME} THEN c.last_lead_id ELSE excluded.last_lead_id END,
        last_unpaid = CASE WHEN {_SAME} THEN c.last_unpaid ELSE excluded.last_unpaid END
    RETURNING new.id, new.zone, new.barred, old.id IS NOT NULL AS before, old.last_source_id, old.last_external_id,
              old.last_lead_id, old.last_unpaid
), learned AS (
    INSERT INTO identity_change (desk, customer_id, at, what, kind, value, actor, reason, cause_id)
    SELECT r.desk, r.customer_id, r.now, 'attached', k.kind, k.value, 'source:' || r.source, 'said by the source',
           r.delivery_id
    FROM resolved r JOIN customers c ON c.id = r.customer_id AND c.before
    CROSS JOIN LATERAL (VALUES ('email', r.email, r.new_email), ('phone', r.phone_key, r.new_phone))
         k(kind, value, attached)
    WHERE k.attached
), orders AS (
    INSERT INTO sales_order AS o
        (id, desk, lead_id, customer_id, source_id, external_id, external_number, order_number, status, status_said,
         amount, paid, currency, payment_link, items, placed_at, said_at, heard_at, created_at, version,
         said_paid)
    SELECT uuidv7(), r.desk, r.lead_id, r.customer_id, r.source_id, r.external_id, r.external_number,
           coalesce(r.known_number, nextval('order_number')), r.state, r.status IS NOT NULL, r.amount, r.paid,
           r.currency, r.payment_link, r.items::jsonb, r.placed_at, r.said_at, r.received_at, r.received_at, 1,
           {said_paid("r.status", "r.")}
    FROM resolved r ORDER BY r.source_id, r.external_id
    ON CONFLICT (source_id, external_id) DO UPDATE
    SET (external_number, status, status_said, amount, paid, currency, payment_link, said_at, heard_at, said_paid,
         booked_paid, unpaid_status, version) = (
            SELECT s.number, s.status, o.status_said OR excluded.status_said, s.amount, s.paid, s.currency,
                   s.payment_link,
                   greatest(o.said_at, excluded.said_at), greatest(o.heard_at, excluded.heard_at),
                   -- A sum that falls is looked at again when it rises: what is booked by then says what is new.
                   s.said_paid, least(o.booked_paid, s.said_paid), s.unpaid_status,
                   o.version + ((s.number, s.status, s.amount, s.paid, s.currency, s.payment_link) IS DISTINCT FROM
                       (o.external_number, o.status, o.amount, o.paid, o.currency, o.payment_link))::int
            FROM (
                SELECT CASE WHEN says AND excluded.status_said AND NOT back THEN excluded.status ELSE o.status END
                           AS status,
                       -- One that people have taken away stays away.
                       CASE WHEN o.external_number IS NULL AND excluded.external_number IS NOT NULL AND (
                                SELECT true FROM history h
                                WHERE h.lead_id = o.lead_id AND h.order_id = o.id AND h.what = 'order_fields'
                                  AND strpos(h.to_value || ', ', 'external_number=, ') > 0 LIMIT 1) IS NULL
                            THEN excluded.external_number ELSE o.external_number END AS number,
                       CASE WHEN says THEN coalesce(excluded.amount, o.amount) ELSE o.amount END AS amount,
                       CASE WHEN says THEN coalesce(excluded.paid, o.paid) ELSE o.paid END AS paid,
                       CASE WHEN says AND coalesce(excluded.amount, excluded.paid) IS NOT NULL
                            THEN excluded.currency ELSE o.currency END AS currency,
                       CASE WHEN says THEN coalesce(excluded.payment_link, o.payment_link)
                            ELSE o.payment_link END AS payment_link,
                       CASE WHEN says THEN coalesce(excluded.paid, CASE WHEN excluded.status_said AND
                                excluded.status = '{OrderStatus.PAID}' AND o.paid IS NULL
                                THEN coalesce(excluded.amount, o.amount) END, o.said_paid)
                            ELSE o.said_paid END AS said_paid,
                       -- What a payment by hand has made of it stays: the source does not know of that, or says
                       -- what it has from us.
                       CASE WHEN NOT (says AND excluded.status_said) OR o.unpaid_status IS NULL OR
                                excluded.status = '{OrderStatus.PAID}' AND (back OR {KNOWN_FROM_US})
                            THEN o.unpaid_status
                            WHEN excluded.status IN ({BEFORE_PAID}) THEN excluded.status END AS unpaid_status
                -- An older order state that arrives later changes nothing (S4.1); nor does what a school says of
                -- a payment that was deleted here alone.
                FROM (SELECT (excluded.said_at < o.said_at) IS NOT TRUE AS says,
                             excluded.status IN ({BEFORE_PAID}) AND (o.unpaid_status IS NOT NULL OR
                                 o.status IN ({PAID}) AND (excluded.said_at > o.said_at) IS NOT TRUE)
                                 OR excluded.status = '{OrderStatus.PAID}' AND {KEPT_THERE} AS back) t
            ) s
        )
    RETURNING old.id IS NULL AS fresh, coalesce(new.version > old.version, false) AS moved,
              old.status AS from_status, new.source_id, new.external_id, new.id, new.lead_id, new.customer_id,
              new.order_number, new.status, new.amount, new.paid, new.currency, new.payment_link, new.items,
              new.external_number, new.remarks, new.version, new.held_until
), outcome AS MATERIALIZED (
    SELECT r.n, r.delivery_id, r.desk, r.source_id, r.source, r.partner_id, r.playbook, r.received_at, r.now,
           r.method, r.query, r.headers, r.body, r.external_id,
           CASE WHEN r.status <> o.status  -- what was said of it is older, leads back, or is of a deleted payment
                THEN r.notes::jsonb || jsonb_build_array(
                    jsonb_build_object('field', 'status', 'code', 'state_kept', 'detail', r.status))
                ELSE r.notes::jsonb END AS notes, r.marketing, r.name, r.phone, r.phone_raw,
           r.email, r.language, coalesce(c.zone, r.zone) AS zone,
           CASE WHEN c.zone IS NULL THEN r.zone_source ELSE 'address' END AS zone_source,
           r.traceparent, r.head, r.order_head, r.webhook_id, r.born_status,
           r.born_title, r.born_stage, o.fresh, o.moved, o.from_status,
           o.id AS order_id, o.lead_id, o.customer_id, o.order_number, o.status, o.amount, o.paid, o.currency,
           o.payment_link, CASE WHEN o.moved THEN o.items END AS items, o.external_number, o.remarks,
           o.version AS order_version, o.held_until,
           e.lead_id AS earlier, 'lead:' || o.lead_id AS key,
           CASE WHEN e.lead_id IS NULL THEN r.marks ELSE r.marks || 'second_unpaid_order'::text END
               || CASE WHEN c.barred && '{{{STOP_CALLS}}}' OR r.email_customer <> o.customer_id AND EXISTS (
                      SELECT FROM customer x WHERE x.id = r.email_customer AND '{LISTED}' = ANY (x.barred))
                       THEN '{{{Signal.DO_NOT_CALL}}}'::text[] END AS signals,
           CASE WHEN o.moved THEN 'accepted' WHEN NOT o.fresh THEN 'repeat'
                WHEN 'test_number' = ANY (r.marks) THEN 'test' ELSE 'accepted' END AS disposition,
           CASE WHEN r.unsure AND r.known IS NULL AND NOT o.fresh
                THEN (SELECT true FROM generate_series(1, 2) WHERE r.n > 0)  -- two rows: the race is lost
                ELSE coalesce(r.email_customer <> o.customer_id, false) END AS conflict
    FROM resolved r
    JOIN orders o ON o.external_id = r.external_id AND o.source_id = r.source_id
    LEFT JOIN customers c ON c.id = o.customer_id
    LEFT JOIN LATERAL (
        SELECT coalesce(
            -- A customer who is new has no earlier order, and nobody is merged into them.
            CASE WHEN c.before IS NOT FALSE THEN (
                SELECT l.id FROM sales_order u JOIN lead m ON m.id = u.lead_id
                                               JOIN lead l ON l.id = coalesce(m.merged_into, m.id)
                WHERE u.customer_id = ANY (ARRAY(SELECT o.customer_id UNION ALL SELECT w.id FROM customer w
                                                 WHERE w.merged_into = o.customer_id))
                  AND u.source_id = o.source_id AND u.status IN ({UNPAID})
                  AND l.stage IN ('new', 'working', 'booked')
                ORDER BY u.order_number LIMIT 1) END,
            CASE WHEN c.last_unpaid AND c.last_source_id = o.source_id AND c.last_external_id <> o.external_id
                  AND NOT EXISTS (SELECT FROM sales_order u WHERE u.source_id = c.last_source_id
                                  AND u.external_id = c.last_external_id)
                 THEN c.last_lead_id END
        ) AS lead_id
        OFFSET 0
    -- Who makes an order by hand knows what they do (S4.8): it goes to work beside the other.
    ) e ON o.fresh AND o.status IN ({UNPAID}) AND o.external_id !~ '^{OURS.pattern}$'
), leads AS (
    INSERT INTO lead (id, desk, customer_id, source_id, source, playbook, status, title, stage, signals,
                      earlier_lead_id, name, phone, phone_raw, email, language, zone, zone_source, marketing,
                      created_at, updated_at, version, partner_id)
    SELECT lead_id, desk, customer_id, source_id, source, playbook, born_status,
           coalesce(born_title, '{SHOWN_TITLE_JSON}'), born_stage, signals, earlier, name, phone, phone_raw, email,
           language, zone, zone_source, marketing::jsonb, received_at, now, 1, partner_id
    FROM outcome WHERE fresh
), log AS (
    INSERT INTO history (desk, lead_id, order_id, at, what, actor, from_value, to_value, reason, cause_id)
    SELECT desk, lead_id, order_id, now, CASE WHEN fresh THEN 'lead_status' ELSE 'order_status' END,
           'source:' || source, from_status, CASE WHEN fresh THEN born_status ELSE status END,
           CASE WHEN fresh THEN 'received' ELSE 'said by the source' END, delivery_id
    FROM outcome WHERE fresh OR moved
), kept AS (
    INSERT INTO delivery AS k (id, desk, source_id, received_at, method, query, headers, body, kinds, disposition,
                               notes, lead_id, order_id, order_number, webhook_id, reruns)
    SELECT delivery_id, desk, source_id, received_at, method, query, headers::jsonb, body, '{{order}}', disposition,
           notes, lead_id, order_id, order_number, webhook_id, 0
    FROM outcome
    -- A conflict is a delivery from quarantine that is read again.
    ON CONFLICT (id) DO UPDATE
    SET kinds = excluded.kinds, disposition = excluded.disposition, reason = NULL, notes = excluded.notes,
        lead_id = excluded.lead_id, order_id = excluded.order_id, order_number = excluded.order_number,
        webhook_id = excluded.webhook_id
    WHERE k.disposition = 'quarantined'
), bumped AS (
    -- Two events of one lead in a batch would be a cardinality error, and then taken one by one.
    INSERT INTO stream AS s (key, version) SELECT key, 1 FROM outcome WHERE fresh OR moved ORDER BY key
    ON CONFLICT (key) DO UPDATE SET version = s.version + 1
    RETURNING key, version
), sent AS (
    INSERT INTO outbox (event_id, type, key, sequence, desk, time, correlation_id, causation_id, traceparent, body)
    SELECT uuidv7(), CASE WHEN fresh THEN '{LeadReceivedV2.event_type}' ELSE '{OrderChanged.event_type}' END,
           key, version, desk, now, delivery_id, NULL, traceparent,
           convert_to(CASE WHEN fresh THEN {RECEIVED}
                      ELSE {json_object(ORDER_CHANGED)}::text END, 'UTF8')
    FROM outcome JOIN bumped USING (key) ORDER BY n
)
SELECT n, lead_id, order_id, order_number, disposition, customer_id, fresh, conflict FROM outcome ORDER BY n
"""  # noqa: S608 - made of constants alone

# Stores the raw request alone.
QUARANTINE = """
INSERT INTO delivery (id, desk, source_id, received_at, method, query, headers, body, kinds, disposition, reason,
                      notes, reruns)
VALUES ($1, $2, $3, $4, $5, $6, $7::text::jsonb, $8, '{}', 'quarantined', $9, $10::text::jsonb, 0)
ON CONFLICT (id) DO NOTHING
"""

# Marks a quarantined delivery as a repeat when a newer delivery has changed its order since.
SUPERSEDED = """
UPDATE delivery d
SET kinds = '{order}', disposition = 'repeat', reason = NULL, lead_id = o.lead_id, order_id = o.id,
    order_number = o.order_number
FROM sales_order o
WHERE d.id = $1 AND d.disposition = 'quarantined' AND o.source_id = $2 AND o.external_id = $3
  AND o.heard_at > d.received_at
RETURNING d.lead_id
"""

# Stores a delivery of several parts, before them.
UNDERSTOOD = """
INSERT INTO delivery AS k (id, desk, source_id, received_at, method, query, headers, body, kinds, disposition,
                           notes, webhook_id, reruns)
VALUES ($1, $2, $3, $4, $5, $6, $7::text::jsonb, $8, $9, 'noted', '[]', $10, 0)
ON CONFLICT (id) DO UPDATE
SET kinds = excluded.kinds, disposition = excluded.disposition, reason = NULL, notes = excluded.notes,
    webhook_id = excluded.webhook_id
WHERE k.disposition = 'quarantined'
RETURNING true
"""
# Says what became of its parts. Their storing may have noted something already.
SETTLE = """
UPDATE delivery
SET disposition = $2, lead_id = $3, order_id = $4, order_number = $5, notes = notes || $6::text::jsonb,
    facts = $7::text::jsonb
WHERE id = $1
"""
# The order of a delivery that comes out of quarantine, when a newer delivery has changed it since.
NEWER = """
SELECT id, lead_id, order_number FROM sales_order
WHERE source_id = $1 AND external_id = $2 AND heard_at > $3
"""
KNOWN_KEY = "SELECT lead_id FROM delivery WHERE source_id = $1 AND webhook_id = $2 AND id <> $3"

COUNT_RERUN = """
UPDATE delivery SET reruns = reruns + 1, rerun_at = $2,
    reason = CASE WHEN disposition = 'quarantined' THEN $3 ELSE reason END,
    notes = CASE WHEN disposition = 'quarantined' THEN $4::text::jsonb ELSE notes END
WHERE id = $1
RETURNING disposition
"""

# Stores the delivery of a message that was accepted before; the state by now does not matter.
MESSAGE = DELIVERIES.only(
    "delivery_id", "desk", "source_id", "received_at", "method", "query", "headers", "body", "notes", "webhook_id"
)
REPEAT = f"""
INSERT INTO delivery AS k (id, desk, source_id, received_at, method, query, headers, body, kinds, disposition,
                           notes, lead_id, order_id, order_number, reruns)
SELECT n.delivery_id, n.desk, n.source_id, n.received_at, n.method, n.query, n.headers::jsonb, n.body, d.kinds,
       'repeat', n.notes::jsonb, d.lead_id, d.order_id, d.order_number, 0
FROM {MESSAGE.source()} JOIN delivery d USING (source_id, webhook_id)
ON CONFLICT (id) DO UPDATE
SET kinds = excluded.kinds, disposition = 'repeat', reason = NULL, notes = excluded.notes,
    lead_id = excluded.lead_id, order_id = excluded.order_id, order_number = excluded.order_number
WHERE k.disposition = 'quarantined'
RETURNING lead_id, order_id, order_number
"""  # noqa: S608 - made of constants alone
