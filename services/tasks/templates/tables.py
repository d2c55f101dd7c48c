"""The projection of approved templates."""

from sqlalchemy import Column, Table, Text

from services.tasks.metadata import metadata

approved_template = Table(
    "approved_template",
    metadata,
    Column("desk", Text, primary_key=True),
    Column("code", Text, primary_key=True),
)
