"""The shifts of a desk, and the planned ones of each operator."""

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
    Time,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.assignment.metadata import metadata

shift_kind = Table(
    "shift_kind",
    metadata,
    Column("desk", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("title", JSONB, nullable=False),
    Column("starts", Time, nullable=False),  # in the desk's zone
    Column("ends", Time, nullable=False),  # not after `starts`: on the next day
    Column("late_after", Integer, nullable=False),  # minutes until it is said who is not there
    Column("week", JSONB, nullable=False),  # weekday → subjects of operators
    Column("active", Boolean, nullable=False, server_default=text("true")),  # False: retired
    Column("needed", JSONB, nullable=False, server_default=text("'{}'")),  # weekday → how many a month's plan wants
    CheckConstraint("late_after BETWEEN 1 AND 1440", name="late_after"),
)

planned_shift = Table(
    "planned_shift",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("operator_id", Uuid, ForeignKey("operator.id"), nullable=False),
    Column("shift", Text),  # its code; NULL: hours of its own
    Column("starts_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Column("late_after", Integer, nullable=False),
    Column("weekly", Boolean, nullable=False),  # made of the week, and made anew when that changes
    Column("state", Text, nullable=False),
    Column("came_at", DateTime(timezone=True)),  # when they were first there
    Column("version", Integer, nullable=False, server_default=text("1")),
    # That they will be late, announced before it begins: by whom, and why.
    Column("announced_at", DateTime(timezone=True)),
    Column("announced_by", Text),
    Column("announcement", Text),
    CheckConstraint("state IN ('planned', 'here', 'missing', 'worked', 'missed', 'cancelled')", name="state"),
    CheckConstraint("ends_at > starts_at", name="ends_after_start"),
    # One that is cancelled stays, so that its week does not make it again.
    UniqueConstraint("operator_id", "starts_at"),
    Index("ix_planned_shift_desk", "desk", "starts_at", "id"),
    Index(
        "ix_planned_shift_watched", "starts_at", postgresql_where=text("state IN ('planned', 'here', 'missing')")
    ),
)
