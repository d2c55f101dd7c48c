"""Payments of orders: what sources say was paid, and what people enter by hand (S4.9, S4.10)."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
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

payment = Table(
    "payment",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("lead_id", Uuid, nullable=False),
    Column("customer_id", Uuid, nullable=False),
    Column("order_id", Uuid, ForeignKey("sales_order.id", name="fk_payment_order_id"), nullable=False),
    Column("kind", Text, nullable=False),
    # How it was paid, in the desk's own words; of a manual one alone.
    Column("type", Text),
    Column("status", Text, nullable=False),
    Column("amount", Numeric(14, 2), nullable=False),
    Column("currency", Text, nullable=False),
    Column("paid_at", DateTime(timezone=True), nullable=False),
    # Its number where it comes from, such as an import: the same is recorded once.
    Column("reference", Text),
    # The source knows of this manual payment from us: the sum that it says has this one in it.
    Column("reported", Boolean, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("deleted_at", DateTime(timezone=True)),
    Column("deleted_by", Text),
    Column("deleted_reason", Text),
    Column("version", BigInteger, nullable=False),
    CheckConstraint("kind IN ('automatic', 'manual')", name="kind"),
    CheckConstraint("status IN ('received', 'deleted')", name="status"),
    CheckConstraint("amount > 0", name="amount"),
    CheckConstraint("(kind = 'manual') = (type IS NOT NULL)", name="manual"),
    CheckConstraint(
        "CASE status WHEN 'deleted' THEN kind = 'manual'"
        " AND num_nulls(deleted_at, deleted_by, deleted_reason) = 0"
        " ELSE num_nonnulls(deleted_at, deleted_by, deleted_reason) = 0 END",
        name="deleted",
    ),
    Index("ix_payment_order_id", "order_id", "id"),
    Index("ix_payment_lead_id", "lead_id"),
    Index("ix_payment_customer_id", "customer_id"),
    Index("ix_payment_desk", "desk", "id"),
    Index("ix_payment_kept_there", "desk", postgresql_where=text("status = 'deleted' AND reported")),
    Index("uq_payment_reference", "desk", "reference", unique=True, postgresql_where=text("reference IS NOT NULL")),
)
