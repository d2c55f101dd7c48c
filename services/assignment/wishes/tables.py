"""Wishes of operators: one for a shift of a day."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
)

from services.assignment.metadata import metadata

wish = Table(
    "wish",
    metadata,
    Column("desk", Text, nullable=False),
    Column("operator_id", Uuid, ForeignKey("operator.id"), nullable=False),
    Column("day", Date, nullable=False),
    Column("shift", Text, nullable=False),
    Column("wish", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("operator_id", "desk", "day", "shift"),
    CheckConstraint("wish IN ('prefer', 'can', 'cannot')", name="wish"),
    Index("ix_wish_desk", "desk", "day", "operator_id", "shift"),
)
