"""Bulk actions over tasks, their members, and what became of each (P.15)."""

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Index, Integer, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from services.tasks.metadata import metadata

bulk_action = Table(
    "bulk_action",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("action", Text, nullable=False),
    # The outcome, or the operator who gets the tasks.
    Column("details", JSONB, nullable=False),
    Column("filter", JSONB, nullable=False),
    # What of it could not be taken back, as planned: kind, code and count of each.
    Column("left", JSONB, nullable=False),
    Column("comment", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("planned_at", DateTime(timezone=True), nullable=False),
    Column("planned_by", Text, nullable=False),
    Column("applied_at", DateTime(timezone=True)),
    Column("applied_by", Text),
    Column("undone_at", DateTime(timezone=True)),
    Column("undone_by", Text),
    Column("correlation_id", Uuid, nullable=False),
    Column("traceparent", Text),
    Column("version", Integer, nullable=False),
    CheckConstraint("action IN ('end', 'assign', 'release')", name="action"),
    CheckConstraint("state IN ('planned', 'applying', 'applied', 'undoing', 'undone')", name="state"),
    Index("ix_bulk_action_desk", "desk", "id"),
    Index("ix_bulk_action_under_way", "id", postgresql_where=text("state IN ('applying', 'undoing')")),
)

bulk_member = Table(
    "bulk_member",
    metadata,
    Column("bulk_action_id", Uuid, ForeignKey("bulk_action.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("process_id", Uuid, ForeignKey("process.id"), nullable=False),
    Column("lead_id", Uuid),
    Column("order_number", Text),
    # As planned.
    Column("task_id", Uuid, nullable=False),
    Column("task_type", Text, nullable=False),
    Column("task_version", Integer, nullable=False),
    Column("from_id", Uuid),
    Column("state", Text, nullable=False),
    Column("note", Text),
    # Of its task and its process once it is done: an undo finds them so, or leaves the member alone.
    Column("done_version", Integer),
    Column("opened", Integer),
    # What its outcome did; personal as a process's `fields` are.
    Column("deed", JSONB),
    CheckConstraint("state IN ('planned', 'stays', 'done', 'changed', 'taken_back', 'kept')", name="state"),
)
