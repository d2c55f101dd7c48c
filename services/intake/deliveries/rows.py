"""What the accepting statement is given of each delivery: every column once, with its type and where it stands."""

from operator import attrgetter

from libs.common.platform.db.bulk import Bulk
from services.intake.deliveries.convert import Admission

DELIVERIES: Bulk[Admission] = Bulk(
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
        ("body", "bytea", attrgetter("delivery.raw.body")),
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
        ("name", "text", attrgetter("person.name")),
        ("phone", "text", attrgetter("person.phone")),
        ("phone_raw", "text", attrgetter("person.phone_raw")),
        ("email", "text", attrgetter("person.email")),
        ("phone_key", "text", attrgetter("phone_key")),
        ("language", "text", attrgetter("delivery.source.language")),
        ("zone", "text", attrgetter("delivery.source.mapped.zone.key")),
        ("signals", "text", attrgetter("signals")),
        ("traceparent", "text", attrgetter("delivery.traceparent")),
        ("head", "text", attrgetter("head")),
        ("webhook_id", "text", attrgetter("webhook_id")),
        ("unsure", "boolean", attrgetter("unsure")),
    ),
)
