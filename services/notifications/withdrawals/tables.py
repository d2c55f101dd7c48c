"""Messages that are not wanted any more, whether or not their request has come yet."""

from sqlalchemy import Column, DateTime, Table, Text

from services.notifications.metadata import metadata

withdrawal = Table(
    "withdrawal",
    metadata,
    Column("desk", Text, primary_key=True),
    Column("dedupe_key", Text, primary_key=True),
    Column("withdrawn_at", DateTime(timezone=True), nullable=False),  # business time
)
