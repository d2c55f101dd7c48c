"""The keys by which names of messages are known of whose customer nothing else is kept."""

from sqlalchemy import Column, DateTime, LargeBinary, Table, Uuid

from services.notifications.metadata import metadata

# Each serves for some days and is destroyed when providers report no more of what was named by it.
forgotten_key = Table(
    "forgotten_key",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("key", LargeBinary, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),  # business time
)
