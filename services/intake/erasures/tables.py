"""Who asked for an erasure and why, and what the other services have said of it: the ledger (P.7)."""

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Index, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from services.intake.metadata import metadata

erasure_request = Table(
    "erasure_request",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    # Of the winner, if others were merged into them.
    Column("customer_id", Uuid, nullable=False),
    # A code, so that no words name the person.
    Column("reason", Text, nullable=False),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("requested_by", Text, nullable=False),
    CheckConstraint("reason IN ('request', 'consent_withdrawn', 'no_longer_needed', 'mistake')", name="reason"),
    Index("uq_erasure_request_customer_id", "customer_id", unique=True),
    Index("ix_erasure_request_desk", "desk", "id"),
)

erasure_answer = Table(
    "erasure_answer",
    metadata,
    Column("erasure_id", Uuid, ForeignKey("erasure_request.id"), primary_key=True),
    Column("service", Text, primary_key=True),
    Column("desk", Text, nullable=False),
    # Rows by table.
    Column("counts", JSONB, nullable=False),
    Column("done_at", DateTime(timezone=True), nullable=False),
)
