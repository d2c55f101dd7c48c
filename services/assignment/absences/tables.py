"""Planned absences: from when until when an operator is not there, why, and who deputises."""

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Index, Integer, Table, Text, Uuid, text

from services.assignment.metadata import metadata

absence = Table(
    "absence",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("operator_id", Uuid, ForeignKey("operator.id"), nullable=False),
    Column("starts_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Column("reason", Text, nullable=False),
    Column("deputy_id", Uuid, ForeignKey("operator.id")),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("created_by", Text, nullable=False),
    CheckConstraint("state IN ('planned', 'under_way', 'over', 'cancelled')", name="state"),
    CheckConstraint("ends_at > starts_at", name="ends_after_start"),
    CheckConstraint("deputy_id <> operator_id", name="another_deputises"),
    CheckConstraint("version > 0", name="version"),
    Index("ix_absence_operator_id", "operator_id", "starts_at"),
    Index("ix_absence_live", "starts_at", postgresql_where=text("state IN ('planned', 'under_way')")),
)
