"""Desks whose operators see numbers and addresses of the customers of others masked."""

from sqlalchemy import Boolean, Column, Table, Text

from services.intake.metadata import metadata

masking = Table(
    "masking",
    metadata,
    Column("desk", Text, primary_key=True),
    Column("lists", Boolean, nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("published", Boolean),  # what was published last; NULL: nothing was
)
