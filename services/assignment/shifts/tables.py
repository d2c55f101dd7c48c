"""Shifts, every change of presence with its actor, and heartbeats."""

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Index, Table, Text, Uuid, text

from services.assignment.metadata import metadata

shift = Table(
    "shift",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("operator_id", Uuid, ForeignKey("operator.id"), nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    CheckConstraint("ended_at >= started_at", name="ends_after_start"),
    Index("ix_shift_open", "operator_id", unique=True, postgresql_where=text("ended_at IS NULL")),
    Index("ix_shift_operator_id", "operator_id", "id"),
)

presence_change = Table(
    "presence_change",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("operator_id", Uuid, ForeignKey("operator.id"), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("presence", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text),
    CheckConstraint("presence IN ('checked_out', 'checked_in', 'paused', 'away')", name="presence"),
    Index("ix_presence_change_operator_id", "operator_id", "id"),
)

# The last heartbeat of an operator's present shift, on the database's clock; none was sent: no row.
heartbeat = Table(
    "heartbeat",
    metadata,
    Column("operator_id", Uuid, ForeignKey("operator.id"), primary_key=True),
    Column("desk", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)
