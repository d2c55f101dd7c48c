"""Orders that we make or complete at a school: each a command (libs.common.connect.command) to its import API.

What an order says is read from the order and its lead when the school is called: nothing of it is kept here.
"""

from sqlalchemy import Column, DateTime, ForeignKey, Index, Table, Text, Uuid, text

from libs.common.connect.command.tables import progress
from services.intake.metadata import metadata

_UNDER_WAY = "state IN ('pending', 'held', 'sending', 'waiting')"

placement = Table(
    "placement",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("school_id", Uuid, ForeignKey("school.id"), nullable=False),
    Column("order_id", Uuid, nullable=False),
    Column("lead_id", Uuid, nullable=False),
    Column("actor", Text, nullable=False),
    Column("traceparent", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    *progress(),
    Index("uq_placement_under_way", "order_id", unique=True, postgresql_where=text(_UNDER_WAY)),
    Index(
        "ix_placement_due", "school_id", text("(offered_at IS NULL)"), "due_at",
        postgresql_where=text("state IN ('pending', 'sending')"),
    ),
    Index("ix_placement_lead_id", "lead_id"),
)  # fmt: skip
