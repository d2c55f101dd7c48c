"""Customers of a desk, and their identities."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, DateTime, Index, Table, Text, Uuid, text

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
