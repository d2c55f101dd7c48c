"""What became of each channel's calls and messages, minute by minute on the database's clock."""

from sqlalchemy import Column, DateTime, ForeignKey, Integer, Table, Uuid, text

from services.notifications.autopilot.rules import End
from services.notifications.metadata import metadata

channel_minute = Table(
    "channel_minute",
    metadata,
    Column("channel_id", Uuid, ForeignKey("channel.id"), primary_key=True),
    Column("minute", DateTime(timezone=True), primary_key=True),
    *(Column(str(end), Integer, nullable=False, server_default=text("0")) for end in End),
)
