"""Manual payments that are reported to their order's school: each a command to its import API, one per payment.

What is said of order and customer is read from them when the school is called: nothing of it is kept here.
"""

from sqlalchemy import Column, DateTime, ForeignKey, Index, Table, Text, Uuid, text

from libs.common.connect.command.tables import progress
from services.intake.metadata import metadata

payment_report = Table(
    "payment_report",
    metadata,
    Column("id", Uuid, ForeignKey("payment.id", name="fk_payment_report_id"), primary_key=True),  # the payment's
    Column("desk", Text, nullable=False),
    Column("school_id", Uuid, ForeignKey("school.id", name="fk_payment_report_school_id"), nullable=False),
    Column("order_id", Uuid, nullable=False),
    Column("lead_id", Uuid, nullable=False),
    Column("traceparent", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    *progress(),
    Index("ix_payment_report_order_id", "order_id"),
    Index("ix_payment_report_lead_id", "lead_id"),
    Index(
        "ix_payment_report_due", "school_id", text("(offered_at IS NULL)"), "due_at",
        postgresql_where=text("state IN ('pending', 'sending')"),
    ),
    Index(
        "ix_payment_report_open", "expires_at",
        postgresql_where=text("state IN ('pending', 'held', 'sending', 'waiting')"),
    ),
    Index("ix_payment_report_not_reported", "desk", postgresql_where=text("state IN ('refused', 'unknown')")),
)  # fmt: skip
