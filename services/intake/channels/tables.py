"""Channels of desks."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Table, Text, Uuid

from services.intake.metadata import metadata

known_channel = Table(
    "known_channel",
    metadata,
    Column("channel_id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("sequence", BigInteger, nullable=False),  # of the last event: an older one changes nothing
    Index("ix_known_channel_desk", "desk", "code"),
)
