"""Bulk actions over messages, their members, and what became of each (P.15)."""

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Index, Integer, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from services.notifications.metadata import metadata

bulk_action = Table(
    "bulk_action",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("filter", JSONB, nullable=False),
    Column("comment", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("planned_at", DateTime(timezone=True), nullable=False),
    Column("planned_by", Text, nullable=False),
    Column("applied_at", DateTime(timezone=True)),
    Column("applied_by", Text),
    Column("undone_at", DateTime(timezone=True)),
    Column("undone_by", Text),
    Column("version", Integer, nullable=False),
    CheckConstraint("action IN ('withdraw')", name="action"),
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
    Column("message_id", Uuid, ForeignKey("message.id"), nullable=False),
    Column("lead_id", Uuid),
    Column("purpose", Text, nullable=False),
    Column("template", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("note", Text),
    CheckConstraint("state IN ('planned', 'stays', 'done', 'changed', 'taken_back', 'kept')", name="state"),
)
