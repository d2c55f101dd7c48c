"""Plans of months."""

from sqlalchemy import CheckConstraint, Column, Date, DateTime, Index, Integer, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from services.assignment.metadata import metadata

month_plan = Table(
    "month_plan",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("month", Date, nullable=False),  # its first day
    Column("state", Text, nullable=False),
    Column("places", JSONB, nullable=False),  # [{day, shift, operator_id}]
    Column("version", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("created_by", Text, nullable=False),
    Column("published_at", DateTime(timezone=True)),
    Column("published_by", Text),
    CheckConstraint("extract(day FROM month) = 1", name="month"),
    CheckConstraint("state IN ('draft', 'published', 'discarded')", name="state"),
    CheckConstraint("version > 0", name="version"),
    CheckConstraint("(state = 'published') = (published_at IS NOT NULL)", name="published"),
    Index("ix_month_plan_draft", "desk", "month", unique=True, postgresql_where=text("state = 'draft'")),
    Index("ix_month_plan_desk", "desk", "month", "id"),
)
