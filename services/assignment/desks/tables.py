"""Desks as tasks has published them."""

from sqlalchemy import BigInteger, Column, Table, Text

from services.assignment.metadata import metadata

known_desk = Table(
    "known_desk",
    metadata,
    Column("desk", Text, primary_key=True),
    Column("zone", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),  # of the last event: an older one changes nothing
)
