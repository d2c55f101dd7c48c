"""Manual payments that are reported to their order's school: each a command to its import API, one per payment.

What is said of order and customer is read from them when the school is called: nothing of it is kept here.
"""

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Index, Integer, Table, Text, Uuid, text

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
    Column("state", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True)),
    Column("not_before", DateTime(timezone=True)),
    Column("offered_at", DateTime(timezone=True)),
    Column("lease_token", Uuid),
    Column("external_id", Text),  # that of the order at the school
    Column("code", Text),
    Column("detail", Text),
    CheckConstraint(
        "state IN ('pending', 'held', 'sending', 'waiting', 'accepted', 'refused', 'unknown')", name="state"
    ),
    CheckConstraint("state <> 'held' OR not_before IS NOT NULL", name="held"),
    CheckConstraint("(state = 'sending') = (lease_token IS NOT NULL)", name="lease"),
    CheckConstraint("state NOT IN ('sending', 'waiting', 'unknown') OR offered_at IS NOT NULL", name="offered"),
    Index("ix_payment_report_order_id", "order_id"),
    Index("ix_payment_report_lead_id", "lead_id"),
    Index(
        "ix_payment_report_due", "school_id", text("(offered_at IS NULL)"), "due_at",
        postgresql_where=text("state IN ('pending', 'sending')"),
    ),
    Index("ix_payment_report_not_reported", "desk", postgresql_where=text("state IN ('refused', 'unknown')")),
)  # fmt: skip
