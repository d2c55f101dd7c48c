"""Latenesses: one for each planned shift that began without its operator."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from services.assignment.metadata import metadata

lateness = Table(
    "lateness",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("operator_id", Uuid, ForeignKey("operator.id"), nullable=False),
    Column("planned_id", Uuid, nullable=False),
    Column("starts_at", DateTime(timezone=True), nullable=False),  # of the shift
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False),
    Column("minutes", Integer),  # NULL: they have not come
    Column("announced", Boolean, nullable=False),  # beforehand
    Column("number", Integer),  # which one it is in the rule's window; NULL: it does not count
    Column("step", Text),
    Column("amount", Numeric(14, 2)),
    Column("currency", Text),
    Column("repeated", Boolean, nullable=False),
    Column("settled_at", DateTime(timezone=True)),
    Column("excused_at", DateTime(timezone=True)),
    Column("excused_by", Text),
    Column("excuse", Text),
    Column("version", Integer, nullable=False),
    CheckConstraint("state IN ('open', 'late', 'no_show')", name="state"),
    CheckConstraint("minutes > 0", name="minutes"),
    CheckConstraint("step IN ('warning', 'fine')", name="step"),
    CheckConstraint("version > 0", name="version"),
    UniqueConstraint("planned_id"),
    CheckConstraint("(state = 'open') = (settled_at IS NULL)", name="settled"),
    CheckConstraint("(step IS NOT DISTINCT FROM 'fine') = (amount IS NOT NULL)", name="fine"),
    CheckConstraint("(amount IS NULL) = (currency IS NULL)", name="currency"),
    CheckConstraint("num_nulls(excused_at, excused_by, excuse) IN (0, 3)", name="excused"),
    Index("ix_lateness_desk", "desk", "starts_at", "id"),
    Index("ix_lateness_operator_id", "operator_id", "starts_at"),
    Index("ix_lateness_open", "starts_at", postgresql_where=text("state = 'open'")),
)
