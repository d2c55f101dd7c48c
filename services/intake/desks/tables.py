"""Desks as tasks has published them: their zone, and which of their days are days of work."""

from sqlalchemy import BigInteger, Column, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from services.intake.metadata import metadata

known_desk = Table(
    "known_desk",
    metadata,
    Column("desk", Text, primary_key=True),
    Column("zone", Text, nullable=False),
    # [{"weekday", "opens", "closes"}] as published; none: open round the clock.
    Column("calendar", JSONB, nullable=False),
    # {"country", "region", "days"} as published; none: not known.
    Column("holidays", JSONB),
    Column("sequence", BigInteger, nullable=False),  # of the last event: an older one changes nothing
)
