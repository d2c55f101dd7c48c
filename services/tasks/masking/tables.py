"""Desks whose operators see numbers and addresses of the customers of others masked; none: nothing is."""

from sqlalchemy import BigInteger, Boolean, Column, Table, Text

from services.tasks.metadata import metadata

masking = Table(
    "masking",
    metadata,
    Column("desk", Text, primary_key=True),
    Column("lists", Boolean, nullable=False),
    Column("sequence", BigInteger, nullable=False),  # of the event that said so: the newest wins
)
