"""Swaps: what an operator asks of another, and what became of it."""

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Index, Integer, Table, Text, Uuid, text

from services.assignment.metadata import metadata

swap = Table(
    "swap",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("from_operator_id", Uuid, ForeignKey("operator.id"), nullable=False),
    Column("to_operator_id", Uuid, ForeignKey("operator.id"), nullable=False),
    # No foreign keys: the week of a desk makes its planned shifts anew.
    Column("planned_id", Uuid, nullable=False),  # the asker's shift
    Column("in_return_id", Uuid),  # the other's shift, for which it is exchanged
    Column("comment", Text),
    Column("state", Text, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),  # when the first of these shifts begins
    Column("version", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("answered_at", DateTime(timezone=True)),
    Column("answered_by", Text),
    CheckConstraint("state IN ('asked', 'accepted', 'refused', 'withdrawn', 'expired')", name="state"),
    CheckConstraint("version > 0", name="version"),
    CheckConstraint("from_operator_id <> to_operator_id", name="another"),
    Index("ix_swap_asked", "expires_at", postgresql_where=text("state = 'asked'")),
    Index("ix_swap_same", "planned_id", "to_operator_id", unique=True, postgresql_where=text("state = 'asked'")),
    Index("ix_swap_desk", "desk", "id"),
)
