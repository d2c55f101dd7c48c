"""Leads and customers that were merged: which they are by now, and what the merge has ended."""

from sqlalchemy import Boolean, CheckConstraint, Column, DateTime, Index, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from services.tasks.metadata import metadata

merged = Table(
    "merged",
    metadata,
    Column("loser_id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    # As merged; who has won in the end follows from the rows of the winners.
    Column("winner_id", Uuid, nullable=False),
    Column("desk", Text, nullable=False),
    Column("merge_id", Uuid, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    # Of each process that was ended its id, the tasks that were closed and the timers that were stopped.
    Column("halted", JSONB, nullable=False),
    # Published as `work.merged`, of leads; the release before leaves it.
    Column("announced", Boolean, nullable=False, server_default=text("false")),
    CheckConstraint("kind IN ('lead', 'customer')", name="kind"),
    Index("ix_merged_winner_id", "winner_id"),
)
