"""Refunds of orders, with what is needed to pay them (S4.14). Payout details are sealed (docs/adr/0009)."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Numeric,
    Table,
    Text,
    Uuid,
    text,
)

from services.intake.metadata import metadata

_STATES = "'asked', 'kept', 'details_wanted', 'details_given', 'confirmed', 'refused', 'paid'"

refund = Table(
    "refund",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("lead_id", Uuid, nullable=False),
    Column("customer_id", Uuid, nullable=False),
    Column("order_id", Uuid, ForeignKey("sales_order.id", name="fk_refund_order_id"), nullable=False),
    Column("state", Text, nullable=False),
    # None: not said; what was paid is paid back.
    Column("amount", Numeric(14, 2)),
    Column("currency", Text, nullable=False),
    Column("package", Text),
    # By what the customer was kept, in the desk's own code.
    Column("kept_by", Text),
    Column("full_name", Text),
    Column("phone", Text),
    Column("email", Text),
    # Sealed with its row's place, and the last four characters as they are shown.
    Column("details", Text),
    Column("details_end", Text),
    Column("due_on", Date),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("version", BigInteger, nullable=False),
    CheckConstraint(f"state IN ({_STATES})", name="state"),
    CheckConstraint("amount > 0", name="amount"),
    CheckConstraint("num_nulls(details, details_end) IN (0, 2)", name="details"),
    # An order has one under way at most.
    Index(
        "uq_refund_order_id",
        "order_id",
        unique=True,
        postgresql_where=text("state IN ('asked', 'details_wanted', 'details_given', 'confirmed')"),
    ),
    Index("ix_refund_order_id", "order_id", "id"),
    Index("ix_refund_lead_id", "lead_id"),
    Index("ix_refund_customer_id", "customer_id"),
    Index("ix_refund_desk", "desk", "id"),
)
