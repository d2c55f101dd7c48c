"""What is to be done to the access to what was bought, and whether it is done (S4.14, S4.20)."""

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, ForeignKey, Index, Table, Text, Uuid, text

from services.intake.metadata import metadata

access = Table(
    "access",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("lead_id", Uuid, nullable=False),
    Column("customer_id", Uuid, nullable=False),
    Column("order_id", Uuid, ForeignKey("sales_order.id", name="fk_access_order_id"), nullable=False),
    Column("action", Text, nullable=False),
    Column("status", Text, nullable=False),
    # The refund whose confirmation closes it.
    Column("refund_id", Uuid, ForeignKey("refund.id", name="fk_access_refund_id")),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("done_at", DateTime(timezone=True)),
    Column("done_by", Text),
    Column("version", BigInteger, nullable=False),
    CheckConstraint("action IN ('close', 'reset')", name="action"),
    CheckConstraint("status IN ('requested', 'done')", name="status"),
    CheckConstraint("num_nulls(done_at, done_by) = CASE status WHEN 'done' THEN 0 ELSE 2 END", name="done"),
    # What is asked for twice is done once.
    Index("uq_access_order_id", "order_id", "action", unique=True, postgresql_where=text("status = 'requested'")),
    Index("ix_access_order_id", "order_id", "id"),
    Index("ix_access_lead_id", "lead_id"),
    Index("ix_access_customer_id", "customer_id"),
    Index("ix_access_refund_id", "refund_id", postgresql_where=text("refund_id IS NOT NULL")),
    Index("ix_access_desk", "desk", "id"),
)
