"""Decisions: the chosen operator, every candidate with the refusals, and the outcome (P.3)."""

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Index, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from services.assignment.metadata import metadata

decision = Table(
    "decision",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("pool_id", Uuid, ForeignKey("pool.id"), nullable=False),
    Column("task_id", Uuid, nullable=False),
    Column("lead_id", Uuid),
    Column("task_version", Integer, nullable=False),
    Column("operator_id", Uuid, ForeignKey("operator.id")),
    Column("reason", Text, nullable=False),
    Column("candidates", JSONB, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("outcome", Text),
    Column("outcome_reason", Text),
    Column("outcome_at", DateTime(timezone=True)),
    CheckConstraint("(operator_id IS NULL) = (reason = 'nobody_eligible')", name="nobody_has_reason"),
    CheckConstraint("outcome IN ('confirmed', 'returned')", name="outcome"),
    CheckConstraint("num_nulls(outcome, outcome_reason, outcome_at) IN (0, 3)", name="whole_outcome"),
    CheckConstraint("outcome IS NULL OR operator_id IS NOT NULL", name="outcome_of_proposal"),
    Index("ix_decision_lead_id", "lead_id", "id"),
    Index("ix_decision_task_id", "task_id", "id"),
    Index("ix_decision_operator_id", "operator_id", "id"),
    Index("ix_decision_desk", "desk", "id"),
)
