"""Customers and leads that are merged: which they are by now."""

from sqlalchemy import Boolean, Column, Index, Table, Text, Uuid, text

from services.notifications.metadata import metadata

merged_customer = Table(
    "merged_customer",
    metadata,
    Column("loser_id", Uuid, primary_key=True),
    # As merged; who has won in the end follows from the rows of the winners.
    Column("winner_id", Uuid, nullable=False),
    Column("desk", Text, nullable=False),
    # Their threads are one; the release before leaves them apart.
    Column("joined", Boolean, nullable=False, server_default=text("false")),
    Index("ix_merged_customer_winner_id", "winner_id"),
)

merged_lead = Table(
    "merged_lead",
    metadata,
    Column("loser_id", Uuid, primary_key=True),
    Column("winner_id", Uuid, nullable=False),
    Column("desk", Text, nullable=False),
    Index("ix_merged_lead_winner_id", "winner_id"),
)
