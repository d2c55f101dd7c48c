"""Merges of customers and of leads: a receipt with its members (P.15)."""

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Index, Integer, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from services.intake.metadata import metadata

merge = Table(
    "merge",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("state", Text, nullable=False),
    # What of it could not be taken back, as planned: kind and count of each.
    Column("left", JSONB, nullable=False),
    # What leads learned and which were marked, so that an undo finds it; personal as the leads themselves are.
    Column("kept", JSONB, nullable=False),
    # What came between the merge and its undo, and stays with the winners: kind and count of each.
    Column("between", JSONB, nullable=False),
    Column("planned_at", DateTime(timezone=True), nullable=False),
    Column("planned_by", Text, nullable=False),
    Column("applied_at", DateTime(timezone=True)),
    Column("applied_by", Text),
    Column("undone_at", DateTime(timezone=True)),
    Column("undone_by", Text),
    Column("version", Integer, nullable=False),
    CheckConstraint("kind IN ('customer', 'lead')", name="kind"),
    CheckConstraint("state IN ('planned', 'applied', 'undone')", name="state"),
    Index("ix_merge_desk", "desk", "id"),
)

# Those that are done are the edges from which `merged_into` of customers and leads follows.
merge_member = Table(
    "merge_member",
    metadata,
    Column("merge_id", Uuid, ForeignKey("merge.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("winner_id", Uuid, nullable=False),
    Column("loser_id", Uuid, nullable=False),
    Column("state", Text, nullable=False),
    # Why it was not done after all.
    Column("note", Text),
    # Those that went from the loser to the winner: kind and value; personal.
    Column("identities", JSONB, nullable=False),
    CheckConstraint("state IN ('planned', 'done', 'changed', 'taken_back')", name="state"),
    # One that is merged is of one winner, and wins nothing itself any more.
    Index("uq_merge_member_loser_id", "loser_id", unique=True, postgresql_where=text("state = 'done'")),
    Index("ix_merge_member_winner_id", "winner_id", postgresql_where=text("state = 'done'")),
)
