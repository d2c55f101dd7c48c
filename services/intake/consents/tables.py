"""Why customers may be contacted, and what they withdrew: a history that only grows. The desk's black list."""

from sqlalchemy import CheckConstraint, Column, DateTime, Index, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY

from services.intake.metadata import metadata

# A form that a lead came by has no row: its source says at which time it showed which text (`source_terms`).
consent = Table(
    "consent",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("customer_id", Uuid, nullable=False),
    Column("what", Text, nullable=False),
    Column("purposes", ARRAY(Text), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),  # when they said so
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("kind", Text),  # of a ground
    Column("document", Text),
    Column("document_version", Text),
    Column("source", Text),
    Column("delivery_id", Uuid),
    Column("message_id", Uuid),  # by which they withdrew
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("cause_id", Uuid, nullable=False),
    CheckConstraint("what IN ('given', 'withdrawn')", name="what"),
    CheckConstraint("kind IN ('form', 'contract', 'verbal', 'import', 'provider')", name="kind"),
    CheckConstraint("(what = 'given') = (kind IS NOT NULL)", name="ground"),
    CheckConstraint(
        "purposes <@ ARRAY['transactional', 'marketing', 'calls'] AND cardinality(purposes) > 0", name="purposes"
    ),
    Index("ix_consent_customer_id", "customer_id", "at", "id"),
)

black_list = Table(
    "black_list",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("lifted_at", DateTime(timezone=True)),
    Column("lifted_by", Text),
    Column("lifted_reason", Text),
    CheckConstraint(
        "kind IN ('phone', 'email', 'whatsapp', 'bsuid', 'max', 'telegram', 'instagram', 'external')", name="kind"
    ),
    CheckConstraint("num_nulls(lifted_at, lifted_by, lifted_reason) IN (0, 3)", name="lifted"),
    Index(
        "uq_black_list_identity", "desk", "kind", "value", unique=True, postgresql_where=text("lifted_at IS NULL")
    ),
    Index("ix_black_list_desk", "desk", "id"),
)
