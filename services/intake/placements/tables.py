"""Orders that we make or complete at a school: each a command (libs.common.connect.command) to its import API.

What an order says is read from the order and its lead when the school is called: nothing of it is kept here.
"""

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Index, Integer, Table, Text, Uuid, text

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
    Column("state", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True)),
    Column("not_before", DateTime(timezone=True)),
    Column("offered_at", DateTime(timezone=True)),
    Column("lease_token", Uuid),
    Column("external_id", Text),  # that of the order at the school
    Column("code", Text),
    Column("detail", Text),
    CheckConstraint(
        "state IN ('pending', 'held', 'sending', 'waiting', 'accepted', 'refused', 'unknown')", name="state"
    ),
    CheckConstraint("state <> 'held' OR not_before IS NOT NULL", name="held"),
    CheckConstraint("(state = 'sending') = (lease_token IS NOT NULL)", name="lease"),
    CheckConstraint("state NOT IN ('sending', 'waiting', 'unknown') OR offered_at IS NOT NULL", name="offered"),
    Index("uq_placement_under_way", "order_id", unique=True, postgresql_where=text(_UNDER_WAY)),
    Index(
        "ix_placement_due", "school_id", text("(offered_at IS NULL)"), "due_at",
        postgresql_where=text("state IN ('pending', 'sending')"),
    ),
    Index("ix_placement_lead_id", "lead_id"),
)  # fmt: skip
