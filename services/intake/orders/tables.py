"""Orders: our mirror of a source's orders (S4.1)."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Numeric,
    Sequence,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.intake.metadata import metadata

_STATUSES = (
    "'new', 'unconfirmed', 'in_work', 'awaiting_payment', 'part_paid', 'paid', 'on_hold', 'cancelled',"
    " 'refund_requested', 'false', 'confirmed', 'refused', 'invalid', 'done', 'cancelled_by_partner', 'reserved',"
    " 'awaiting_goods', 'refunded'"
)

# One sequence for all desks: an order number is unique.
order_number = Sequence("order_number", metadata=metadata, start=1001)

sales_order = Table(
    "sales_order",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("lead_id", Uuid, nullable=False),
    Column("customer_id", Uuid, nullable=False),
    Column("source_id", Uuid, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("external_number", Text),
    # The source's id of an order whose first call named its number alone.
    Column("external_alias", Text),
    Column("order_number", BigInteger, nullable=False, unique=True),
    Column("status", Text, nullable=False),
    # Whether a delivery ever gave a status; without one the present status stays.
    Column("status_said", Boolean, nullable=False),
    Column("amount", Numeric(14, 2)),
    Column("paid", Numeric(14, 2)),
    Column("currency", Text, nullable=False),
    Column("payment_link", Text),
    # [{"title", "code", "quantity", "price"}] as published.
    Column("items", JSONB, nullable=False),
    Column("placed_at", DateTime(timezone=True)),
    # The sender's own time of its newest state, and when it was received.
    Column("said_at", DateTime(timezone=True)),
    Column("heard_at", DateTime(timezone=True), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("version", BigInteger, nullable=False),
    # In the words of people; personal data, so no event has it.
    Column("remarks", Text),
    # Of an order that we make at its source (S4.8): how far that has come, and why no further.
    Column("placed_state", Text),
    Column("placed_code", Text),
    # What the source itself says was paid in all, and what of it was booked as payments.
    Column("said_paid", Numeric(14, 2)),
    Column("booked_paid", Numeric(14, 2), nullable=False, server_default=text("0")),
    # The status before payments on record changed it; None: the source, or tasks, gave the present one.
    Column("unpaid_status", Text),
    # Until when its price is held (S4.17).
    Column("held_until", DateTime(timezone=True)),
    UniqueConstraint("source_id", "external_id", name="uq_sales_order_source_id_external_id"),
    CheckConstraint(f"status IN ({_STATUSES})", name="status"),
    CheckConstraint("amount >= 0 AND paid >= 0", name="amounts"),
    CheckConstraint("placed_state IN ('pending', 'accepted', 'refused', 'unknown')", name="placed"),
    Index("ix_sales_order_not_placed", "desk", postgresql_where=text("placed_state IN ('refused', 'unknown')")),
    Index("ix_sales_order_lead_id", "lead_id"),
    Index("ix_sales_order_desk", "desk", "order_number"),
    Index(
        "ix_sales_order_external_number", "external_number", postgresql_where=text("external_number IS NOT NULL")
    ),
    Index(
        "ix_sales_order_external_alias",
        "source_id",
        "external_alias",
        postgresql_where=text("external_alias IS NOT NULL"),
    ),
    Index("ix_sales_order_customer_id", "customer_id", "source_id"),
    Index("ix_sales_order_unbooked", "id", postgresql_where=text("said_paid > booked_paid")),
)
