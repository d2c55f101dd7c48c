"""Timers: due times on the business clock. A row is a timer that is pending or was set aside."""

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Index, Table, Text, Uuid, text

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
    Column("set_aside_at", DateTime(timezone=True)),
    Index("ix_timer_due_at", "due_at", postgresql_where=text("set_aside_at IS NULL")),
    # Attention counts them every ten seconds, and a start tries them again.
    Index("ix_timer_set_aside_at", "set_aside_at", postgresql_where=text("set_aside_at IS NOT NULL")),
    CheckConstraint("kind IN ('offer', 'due', 'playbook')", name="kind"),
    CheckConstraint("(kind = 'playbook') = (task_id IS NULL)", name="task"),
)
