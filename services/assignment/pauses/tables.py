"""The reasons for which a desk's operators pause, and their pauses."""

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

from services.assignment.metadata import metadata

pause_reason = Table(
    "pause_reason",
    metadata,
    Column("desk", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("title", JSONB, nullable=False),
    Column("paid", Boolean, nullable=False),
    Column("minutes", Integer),  # of one pause at most; NULL: no limit
    Column("shift_minutes", Integer),  # of all pauses of the reason in a shift at most; NULL: no limit
    Column("active", Boolean, nullable=False, server_default=text("true")),  # False: retired
    CheckConstraint("minutes BETWEEN 1 AND 1440", name="minutes"),
    CheckConstraint("shift_minutes BETWEEN 1 AND 1440", name="shift_minutes"),
)

pause = Table(
    "pause",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("operator_id", Uuid, ForeignKey("operator.id"), nullable=False),
    Column("reason", Text),  # the code of one, or their own words; NULL: not said
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    Column("over_at", DateTime(timezone=True)),  # when it was found longer than allowed
    CheckConstraint("ended_at >= started_at", name="ends_after_start"),
    Index("ix_pause_open", "operator_id", unique=True, postgresql_where=text("ended_at IS NULL")),
    Index("ix_pause_operator_id", "operator_id", "started_at"),
)
