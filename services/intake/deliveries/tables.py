"""Deliveries: every authentic request, raw, with its result."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.intake.metadata import metadata

delivery = Table(
    "delivery",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("source_id", Uuid, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("method", Text, nullable=False),
    Column("query", LargeBinary, nullable=False),
    Column("headers", JSONB, nullable=False),
    Column("body", LargeBinary, nullable=False),
    # What it speaks of; empty while it cannot be read. The previous release accepts orders alone.
    Column("kinds", ARRAY(Text), nullable=False, server_default=text("'{order}'")),
    Column("disposition", Text, nullable=False),
    Column("reason", Text),
    # Notes for people: field, code and detail of each.
    Column("notes", JSONB, nullable=False),
    Column("lead_id", Uuid),
    Column("order_id", Uuid),
    Column("order_number", BigInteger),
    # The id of a signed message that was accepted: its retries are repeats.
    Column("webhook_id", Text),
    Column("reruns", Integer, nullable=False),
    Column("rerun_at", DateTime(timezone=True)),
    # What became of each part: kind, disposition, lead and order. None: it has one part, which the row itself says.
    Column("facts", JSONB),
    CheckConstraint("disposition IN ('accepted', 'repeat', 'test', 'noted', 'quarantined')", name="disposition"),
    CheckConstraint(
        "kinds <@ ARRAY['order', 'contact', 'message', 'payment', 'appointment', 'document', 'stock', 'ping']",
        name="kinds",
    ),
    CheckConstraint("(disposition = 'quarantined') = (reason IS NOT NULL)", name="reason"),
    CheckConstraint("disposition <> 'quarantined' OR lead_id IS NULL", name="lead"),
    Index("ix_delivery_quarantined", "desk", "id", postgresql_where=text("disposition = 'quarantined'")),
    Index("ix_delivery_source_id", "source_id", "id"),
    # By which an erasure finds what names a person.
    Index("ix_delivery_lead_id", "lead_id", postgresql_where=text("lead_id IS NOT NULL")),
    Index("ix_delivery_of_no_lead", "id", postgresql_where=text("lead_id IS NULL")),
    Index("ix_delivery_of_several", "id", postgresql_where=text("facts IS NOT NULL")),
    Index(
        "uq_delivery_source_id_webhook_id",
        "source_id",
        "webhook_id",
        unique=True,
        postgresql_where=text("webhook_id IS NOT NULL"),
    ),
)
