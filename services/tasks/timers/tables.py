"""Timers: due times on the business clock; a row is a timer that has not fired."""

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Index, Table, Text, Uuid

from services.tasks.metadata import metadata

timer = Table(
    "timer",
    metadata,
    Column("process_id", Uuid, ForeignKey("process.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("task_id", Uuid),
    Index("ix_timer_due_at", "due_at"),
    CheckConstraint("kind IN ('offer', 'due', 'playbook')", name="kind"),
    CheckConstraint("(kind = 'playbook') = (task_id IS NULL)", name="task"),
)
