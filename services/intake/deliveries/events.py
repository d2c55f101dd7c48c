"""The events that intake's SQL writes: which fields a statement decides, each with its expression (docs/adr/0005).

Some fields are known only while a statement runs, so the statement writes the event. This module is the one list
of those fields: the statements are built from it, and `convert` writes the rest of `lead.received`. A test compares
both with the models and finds a new field that has no writer.
"""

from collections.abc import Mapping
from typing import TypeAlias

Fields: TypeAlias = Mapping[str, str]


def _money(column: str) -> str:
    return (
        f"CASE WHEN {column} IS NOT NULL THEN json_build_object('amount', {column}::text, 'currency', currency) END"
    )


def json_object(fields: Fields) -> str:
    """Return SQL that makes a JSON object of the fields."""
    members = ", ".join(f"'{name}', {sql}" for name, sql in fields.items())
    return f"json_build_object({members})"


# `lead.received`: what the statement decides about the lead. The delivery decides the other fields.
LEAD_RECEIVED: Fields = {
    "lead_id": "lead_id",
    "customer_id": "customer_id",
    "order_id": "order_id",
    "order_number": "order_number::text",
    "order_status": "status",
    "signals": "signals",
    "earlier_lead_id": "earlier",
}
# `order.changed`: all fields, since the change depends on the stored row.
ORDER_CHANGED: Fields = {
    "lead_id": "lead_id",
    "order_id": "order_id",
    "order_number": "order_number::text",
    "external_id": "external_id",
    "from_status": "from_status",
    "to_status": "status",
    "amount": _money("amount"),
    "paid": _money("paid"),
    "payment_link": "payment_link",
}
CUSTOMER: Fields = {name: f"l.{name}" for name in ("name", "phone", "phone_raw", "email")}
# `lead.updated`: all fields, from the row `l` of the lead after the change.
LEAD_UPDATED: Fields = {
    "lead_id": "l.id",
    **{name: f"l.{name}" for name in ("signals", "language", "zone")},
    "person": json_object(CUSTOMER),
}
