"""Desks: each owns its leads, operators and playbooks. The code is the id."""

from sqlalchemy import CheckConstraint, Column, DateTime, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from services.tasks.metadata import metadata

desk = Table(
    "desk",
    metadata,
    Column("desk", Text, primary_key=True),
    Column("title_ru", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("languages", JSONB, nullable=False),
    Column("calendar", JSONB, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    # Country, region and days of its own (desks/convert.py); NULL: it keeps no holidays.
    Column("holidays", JSONB),
    # The version that was last published, and the one that was with its holidays; releases before leave the latter.
    Column("announced_version", Integer),
    Column("announced_whole", Integer),
    CheckConstraint("version > 0", name="version"),
    CheckConstraint("jsonb_array_length(languages) > 0", name="languages"),
)
