"""Redistributions: plans of leads that change hands, their members, and what became of each (S2.2, P.15)."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.tasks.metadata import metadata

redistribution = Table(
    "redistribution",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("from_id", Uuid, nullable=False),
    Column("from_name", Text, nullable=False),
    # Operators with id and name; none = to the pools.
    Column("targets", JSONB, nullable=False),
    Column("filter", JSONB, nullable=False),
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
    # Who gets the leads stands in for no one, though the operator is absent.
    Column("for_good", Boolean, nullable=False, server_default=text("false")),
    CheckConstraint("state IN ('planned', 'applying', 'applied', 'undoing', 'undone')", name="state"),
    CheckConstraint("(state = 'planned') = (applied_at IS NULL)", name="applied_at_a_time"),
    CheckConstraint("(state IN ('undoing', 'undone')) = (undone_at IS NOT NULL)", name="undone_at_a_time"),
    Index("ix_redistribution_desk", "desk", "id"),
    Index("ix_redistribution_under_way", "id", postgresql_where=text("state IN ('applying', 'undoing')")),
)

member = Table(
    "redistribution_member",
    metadata,
    Column("redistribution_id", Uuid, ForeignKey("redistribution.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("lead_id", Uuid),
    Column("order_number", Text),
    Column("process_id", Uuid, ForeignKey("process.id"), nullable=False),
    # As planned: whether the owner moves, and of which version it is; then the task, if the operator has one.
    Column("moves_owner", Boolean, nullable=False),
    Column("owner_version", Integer, nullable=False),
    Column("task_id", Uuid),
    Column("task_type", Text),
    Column("task_version", Integer),
    Column("taken", Boolean, nullable=False),
    Column("to_id", Uuid),
    Column("to_name", Text),
    Column("state", Text, nullable=False),
    Column("note", Text),
    # The owner's version after the member was moved: an undo finds it so, or leaves the member alone.
    Column("moved_owner_version", Integer),
    CheckConstraint(
        "state IN ('planned', 'stays', 'asked', 'moved', 'no_room', 'changed', 'returned', 'kept')", name="state"
    ),
    CheckConstraint("num_nulls(task_id, task_type, task_version) IN (0, 3)", name="whole_task"),
    Index("ix_redistribution_member_asked", "task_id", postgresql_where=text("state = 'asked'")),
)
