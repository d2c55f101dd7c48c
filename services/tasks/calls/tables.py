"""Calls as telephony has recorded them, without persons: proofs of outcomes, and who was called back."""

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Index, Integer, Table, Text, Uuid, text

from services.tasks.metadata import metadata

call = Table(
    "call",
    metadata,
    Column("id", Uuid, primary_key=True),  # of the contact
    Column("desk", Text, nullable=False),
    Column("lead_id", Uuid),
    Column("customer_id", Uuid),
    Column("kind", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("duration", Integer),  # seconds of conversation; NULL: it has not ended
    Column("operator_id", Uuid),
    Column("extension", Text),
    Column("line", Text),
    Column("sequence", BigInteger, nullable=False),
    CheckConstraint("kind IN ('call_in', 'call_out', 'missed')", name="kind"),
    Index("ix_call_desk", "desk", "kind", "at", "id"),
    Index("ix_call_lead_id", "lead_id", "at", postgresql_where=text("lead_id IS NOT NULL")),
    Index("ix_call_customer_id", "customer_id", "at", postgresql_where=text("customer_id IS NOT NULL")),
    Index("ix_call_operator_id", "operator_id", "at", postgresql_where=text("operator_id IS NOT NULL")),
)
