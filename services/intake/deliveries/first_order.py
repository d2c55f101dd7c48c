"""The lean statement for the usual delivery: one order that is new, of a person who is new.

It stores what `store.ACCEPT` would and returns one row. It stores nothing and returns none when it sees the order
or the person; when another transaction stores one of them at the same time, it is a unique violation. In both
cases `ACCEPT` decides. What may be known by another name is looked for by a function of the database: it takes the
locks of `same_number` first, and sees what was committed until it had them. Other locks are taken in the order of
`ACCEPT`: each of these inserts reads from the one before.
"""

from libs.common.contracts.intake import LeadReceivedV2
from services.intake.deliveries.convert import DeliveryRow
from services.intake.deliveries.store import DELIVERIES, RECEIVED, SHOWN_TITLE_JSON, UNPAID, said_paid
from services.intake.playbooks.rules import UNSEEN

BY_NAMES = len(DELIVERIES.columns) + 1
FIRST_ORDER = f"""
WITH given AS MATERIALIZED (
    SELECT i.*, uuidv7() AS lead_id, uuidv7() AS customer_id, uuidv7() AS order_id,
           nextval('order_number') AS order_number, 1 AS order_version, NULL::uuid AS earlier,
           string_to_array(i.marks, ',') AS signals, coalesce(i.said_status, 'new') AS status,
           coalesce(b.first_status, '{UNSEEN.status}') AS born_status,
           b.first_title AS born_title,
           coalesce(b.first_stage, '{UNSEEN.stage}') AS born_stage
    FROM (SELECT {DELIVERIES.scalars(status="said_status", signals="marks")}) AS i
    LEFT JOIN active_playbook b ON (b.desk, b.code) = (i.desk, i.playbook)
    WHERE NOT EXISTS (SELECT FROM sales_order o WHERE o.source_id = i.source_id AND o.external_id = i.external_id)
      AND NOT EXISTS (SELECT FROM customer_identity c
                      WHERE c.desk = i.desk AND c.kind = 'email' AND c.value = i.email)
      AND NOT EXISTS (SELECT FROM customer_identity c
                      WHERE c.desk = i.desk AND c.kind = 'phone' AND c.value = i.phone_key)
      AND CASE WHEN ${BY_NAMES}::boolean
               THEN NOT is_known_by_name(i.source_id, i.external_id, i.external_number) ELSE true END
), emails AS (
    INSERT INTO customer_identity (desk, kind, value, customer_id)
    SELECT desk, 'email', email, customer_id FROM given WHERE email IS NOT NULL
    RETURNING value
), phones AS (
    INSERT INTO customer_identity (desk, kind, value, customer_id)
    SELECT desk, 'phone', phone_key, customer_id FROM given, (SELECT count(*) FROM emails) AS before
    WHERE phone_key IS NOT NULL
    RETURNING value
), customers AS (
    INSERT INTO customer (id, desk, name, created_at, last_source_id, last_external_id, last_lead_id, last_unpaid)
    SELECT customer_id, desk, name, received_at, source_id, external_id, lead_id, status IN ({UNPAID}) FROM given
), orders AS (
    INSERT INTO sales_order
        (id, desk, lead_id, customer_id, source_id, external_id, external_number, order_number, status, status_said,
         amount, paid, currency, payment_link, items, placed_at, said_at, heard_at, created_at, version,
         said_paid)
    SELECT order_id, desk, lead_id, customer_id, source_id, external_id, external_number, order_number, status,
           said_status IS NOT NULL, amount, paid, currency, payment_link, items::jsonb, placed_at, said_at,
           received_at, received_at, order_version, {said_paid("said_status")}
    FROM given, (SELECT count(*) FROM phones) AS before
), leads AS (
    INSERT INTO lead (id, desk, customer_id, source_id, source, playbook, status, title, stage, signals,
                      earlier_lead_id, name, phone, phone_raw, email, language, zone, zone_source, marketing,
                      created_at, updated_at, version, partner_id)
    SELECT lead_id, desk, customer_id, source_id, source, playbook, born_status,
           coalesce(born_title, '{SHOWN_TITLE_JSON}'), born_stage, signals, earlier, name, phone, phone_raw, email,
           language, zone, zone_source, marketing::jsonb, received_at, now, 1, partner_id
    FROM given
), log AS (
    INSERT INTO history (desk, lead_id, order_id, at, what, actor, to_value, reason, cause_id)
    SELECT desk, lead_id, order_id, now, 'lead_status', 'source:' || source, born_status, 'received', delivery_id
    FROM given
), kept AS (
    INSERT INTO delivery (id, desk, source_id, received_at, method, query, headers, body, kinds, disposition, notes,
                          lead_id, order_id, order_number, webhook_id, reruns)
    SELECT delivery_id, desk, source_id, received_at, method, query, headers::jsonb, body, '{{order}}',
           CASE WHEN 'test_number' = ANY (signals) THEN 'test' ELSE 'accepted' END, notes::jsonb, lead_id, order_id,
           order_number, webhook_id, 0
    FROM given
    RETURNING disposition
), versions AS (
    INSERT INTO stream (key, version) SELECT 'lead:' || lead_id, 1 FROM given RETURNING key, version
), sent AS (
    INSERT INTO outbox (event_id, type, key, sequence, desk, time, correlation_id, causation_id, traceparent, body)
    SELECT uuidv7(), '{LeadReceivedV2.event_type}', key, version, desk, now, delivery_id, NULL, traceparent,
           convert_to({RECEIVED}, 'UTF8')
    FROM given, versions
)
SELECT 1 AS n, lead_id, order_id, order_number, disposition, customer_id, true AS fresh, false AS conflict
FROM given, kept
"""  # noqa: S608 - made of constants alone


def values(row: DeliveryRow) -> list[object]:
    """Return the values of a row for `FIRST_ORDER`."""
    return [*DELIVERIES.values(row), row.by_names]
