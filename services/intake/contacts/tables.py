"""Contacts: calls and messages, of whom and for which lead."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.intake.metadata import metadata

contact = Table(
    "contact",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("source_id", Uuid, nullable=False),
    Column("source", Text, nullable=False),
    # The source's own id of the call or message: a later report of it changes this row.
    Column("external_id", Text),
    Column("kind", Text, nullable=False),
    Column("direction", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("duration", Integer),  # seconds
    Column("operator_id", Uuid),
    Column("extension", Text),
    Column("line", Text),
    Column("recording", Text),
    Column("message_id", Uuid),
    Column("customer_id", Uuid),
    Column("lead_id", Uuid),
    # {"name", "phone", "phone_raw", "email", "identities"} as published.
    Column("person", JSONB, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("version", BigInteger, nullable=False),
    UniqueConstraint("source_id", "external_id", name="uq_contact_source_id_external_id"),
    CheckConstraint("kind IN ('call_in', 'call_out', 'missed', 'message')", name="kind"),
    CheckConstraint(
        "direction IN ('in', 'out') AND (kind = 'message' OR (direction = 'out') = (kind = 'call_out'))",
        name="direction",
    ),
    CheckConstraint("duration >= 0", name="duration"),
    CheckConstraint("lead_id IS NULL OR customer_id IS NOT NULL", name="lead"),
    Index("ix_contact_desk", "desk", "at", "id"),
    Index("ix_contact_lead_id", "lead_id", "at", postgresql_where=text("lead_id IS NOT NULL")),
    Index("ix_contact_customer_id", "customer_id", "at", postgresql_where=text("customer_id IS NOT NULL")),
)

# Where the recording of a call is of which nothing else has been heard yet: events come in any order.
early_recording = Table(
    "early_recording",
    metadata,
    Column("source_id", Uuid, primary_key=True),
    Column("external_id", Text, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("recording", Text, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Index("ix_early_recording_received_at", "received_at"),
)
