"""The events that intake's SQL writes: which fields a statement decides, each with its expression (docs/adr/0005).

Some fields are known only while a statement runs, so the statement writes the event. This module is the one list
of those fields: the statements are built from it, and `convert` writes the rest of `lead.received`. A test compares
both with the models and finds a new field that has no writer.
"""

from collections.abc import Mapping
from typing import TypeAlias

from services.intake.orders.rules import FILLED_COLUMNS

Fields: TypeAlias = Mapping[str, str]


def _money(column: str) -> str:
    return (
        f"CASE WHEN {column} IS NOT NULL THEN json_build_object('amount', {column}::text, 'currency', currency) END"
    )


def json_object(fields: Fields) -> str:
    """Return SQL that makes a JSON object of the fields."""
    members = ", ".join(f"'{name}', {sql}" for name, sql in fields.items())
    return f"json_build_object({members})"


def joined(given: str, fields: Fields) -> str:
    """Return SQL of an object as JSON text: `given` has begun it and not closed it, `fields` are the rest."""
    return f"{given} || ',' || substr({json_object(fields)}::text, 2)"


# `lead.received`: what the statement decides about the lead and its order. The delivery decides the other fields.
ORDER: Fields = {
    "id": "order_id",
    "number": "order_number::text",
    "status": "status",
    "version": "order_version",
}
LEAD_RECEIVED: Fields = {
    "lead_id": "lead_id",
    "customer_id": "customer_id",
    "status": "born_status",
    "title": "born_title",
    "stage": "born_stage",
    "signals": "signals",
    "earlier_lead_id": "earlier",
    "zone": "zone",
    "zone_source": "zone_source",
}
# What is known of an order: the codes of its fields that have a value, and its sums.
FILLED = (
    "array_to_json(array_remove(ARRAY["
    + ", ".join(f"CASE WHEN {name} IS NOT NULL THEN '{name}' END" for name in FILLED_COLUMNS)
    + ", CASE WHEN jsonb_array_length(items) > 0 THEN 'items' END], NULL))"
)
# The sum of the lines, once each has a price.
_GOODS = """(
    SELECT json_build_object(
        'amount', sum((item -> 'price' ->> 'amount')::numeric * (item ->> 'quantity')::int)::text,
        'currency', currency)
    FROM jsonb_array_elements(items) item
    HAVING count(*) > 0 AND count(*) = count(item -> 'price' ->> 'amount')
)"""
TOTALS: Fields = {"goods": _GOODS, "total": _money("amount"), "paid": _money("paid")}
# `order.changed`: all fields, since the change depends on the stored row.
ORDER_CHANGED: Fields = {
    "lead_id": "lead_id",
    "customer_id": "customer_id",
    "order_id": "order_id",
    "order_number": "order_number::text",
    "external_id": "external_id",
    "from_status": "from_status",
    "to_status": "status",
    "amount": _money("amount"),
    "paid": _money("paid"),
    "payment_link": "payment_link",
    "version": "order_version",
    "filled": FILLED,
    "faults": "'[]'::json",
    "held_until": "held_until",
    "totals": json_object(TOTALS),
    "request_id": "NULL",
}
CUSTOMER: Fields = {
    **{name: f"l.{name}" for name in ("name", "phone", "phone_raw", "email")},
    "identities": "'[]'::json",
}
# `lead.updated`: all fields, from the row `l` of the lead after the change.
LEAD_UPDATED: Fields = {
    "lead_id": "l.id",
    "request_id": "NULL",
    **{name: f"l.{name}" for name in ("customer_id", "version", "signals", "language", "zone", "zone_source")},
    "person": json_object(CUSTOMER),
    "all_identities": "false",
}
