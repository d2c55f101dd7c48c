"""The table of what is raised and not cleared."""

from sqlalchemy import Column, DateTime, MetaData, Table, Text


def attention_table(metadata: MetaData) -> Table:
    """Declare `attention`."""
    return Table(
        "attention",
        metadata,
        Column("desk", Text, primary_key=True),
        Column("kind", Text, primary_key=True),
        Column("ref", Text, primary_key=True),
        Column("raised_at", DateTime(timezone=True), nullable=False),
    )
