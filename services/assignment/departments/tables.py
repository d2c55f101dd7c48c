"""Departments: parts of a desk with a head. Who belongs to one stands with the operators."""

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
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.assignment.metadata import metadata

department = Table(
    "department",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("title", JSONB, nullable=False),
    Column("head_id", Uuid, ForeignKey("operator.id")),
    # False: retired, no operator belongs to it.
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("version", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("desk", "code"),
    CheckConstraint("version > 0", name="version"),
    Index("ix_department_head_id", "head_id", postgresql_where=text("head_id IS NOT NULL")),
)
