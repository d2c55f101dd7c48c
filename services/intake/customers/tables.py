"""Customers of a desk, and their identities."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from services.intake.metadata import metadata

customer = Table(
    "customer",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("name", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    # The newest order; stored here because the accepting statement cannot see a concurrent one elsewhere (S4.2).
    # None while the customer has ordered nothing.
    Column("last_source_id", Uuid),
    Column("last_external_id", Text),
    Column("last_lead_id", Uuid),
    Column("last_unpaid", Boolean),
    Column("version", BigInteger, nullable=False, server_default=text("1")),
    # Who they are by now: the last of all merges (P.13). What was written of them keeps their own id.
    Column("merged_into", Uuid),
    # Of their address, as a person has said it; None: not known.
    Column("zone", Text),
    # For what they are not contacted, as it was said last of this id (P.14); None: nothing was ever closed.
    Column("barred", ARRAY(Text)),
    Index("ix_customer_merged_into", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
    Index("ix_customer_desk", "desk", "id"),
)

# No foreign key: in a race of two deliveries an identity may point to a customer that is inserted later.
identity = Table(
    "customer_identity",
    metadata,
    Column("desk", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("customer_id", Uuid, nullable=False),
    CheckConstraint(
        "kind IN ('phone', 'email', 'whatsapp', 'bsuid', 'max', 'telegram', 'instagram', 'external')", name="kind"
    ),
    Index("ix_customer_identity_customer_id", "customer_id"),
)

# What was attached and detached; what a customer's first order said has no line.
identity_change = Table(
    "identity_change",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("desk", Text, nullable=False),
    Column("customer_id", Uuid, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("what", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    # The delivery, event or request that caused the change.
    Column("cause_id", Uuid, nullable=False),
    CheckConstraint("what IN ('attached', 'detached')", name="what"),
    Index("ix_identity_change_customer_id", "customer_id", "id"),
)
