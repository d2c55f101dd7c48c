"""Operators: identity, permissions, presence, and number of open tasks."""

from sqlalchemy import Boolean, CheckConstraint, Column, DateTime, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.assignment.metadata import metadata

operator = Table(
    "operator",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("subject", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
    Column("desks", ARRAY(Text), nullable=False),
    Column("products", ARRAY(Text), nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("open_work", Integer, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("presence", Text, nullable=False),
    Column("presence_since", DateTime(timezone=True), nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    # Set while an operator on shift is away: said by themselves, or found silent.
    Column("away", Text),
    # Why they pause, in their own words; the release before leaves an old one when the pause is over.
    Column("pause_reason", Text),
    # When they last got work of any pool; NULL: never, or it was given back.
    Column("last_work_at", DateTime(timezone=True)),
    # The version that was last published.
    Column("announced_version", Integer),
    # How they are reached, as published; NULL: not known.
    Column("contact", JSONB),
    # The code of a department of their home desk; NULL: of none.
    Column("department", Text),
    # While a planned absence lasts: until when, and who deputises.
    Column("absent_until", DateTime(timezone=True)),
    Column("deputy_id", Uuid),
    # While they write up a call: until when they are offered nothing.
    Column("after_call_until", DateTime(timezone=True)),
    Column("extension", Text),  # their telephone at the exchange; several may share one
    CheckConstraint("away IN ('self', 'silent')", name="away"),
    CheckConstraint("desk = ANY (desks)", name="home_desk_is_one_of_desks"),
    CheckConstraint("presence IN ('checked_out', 'checked_in', 'paused')", name="presence"),
    CheckConstraint("active OR presence = 'checked_out'", name="inactive_is_checked_out"),
    CheckConstraint("capacity >= 0", name="capacity"),
    CheckConstraint("open_work >= 0", name="open_work"),
    CheckConstraint("version > 0", name="version"),
)
