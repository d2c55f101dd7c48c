"""Threads: one per customer over all channels, and one per address whose customer is not known yet."""

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Index, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from services.notifications.metadata import metadata

# What lists need of a thread; `store.refresh` makes it of the messages. `id` is the customer's, else made of the
# address. `person`, `zone` and the partner are intake's word with the last message that it resolved.
thread = Table(
    "thread",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("customer_id", Uuid),
    Column("lead_id", Uuid),  # of the last message that is of one
    Column("partner_id", Uuid),
    Column("partner_operator_id", Uuid),
    Column("person", JSONB),
    Column("zone", Text),
    Column("channel_id", Uuid, ForeignKey("channel.id")),  # by which the customer wrote last
    Column("known_by", JSONB),  # as received messages have it
    Column("name", Text),
    # The last message that a person wrote, the customer or one of us: it gives the thread its place in lists.
    Column("last_id", Uuid),
    Column("last_at", DateTime(timezone=True)),
    Column("last_direction", Text),
    Column("unanswered_since", DateTime(timezone=True)),  # the first message that came after our last one
    CheckConstraint("customer_id IS NULL OR customer_id = id", name="customer"),
    CheckConstraint("last_direction IN ('in', 'out')", name="direction"),
    CheckConstraint("(last_id IS NULL) = (last_at IS NULL)", name="last"),
    Index("ix_thread_desk", "desk", "last_at", "id"),
    Index(
        "ix_thread_unanswered", "desk", "unanswered_since", postgresql_where=text("unanswered_since IS NOT NULL")
    ),
    Index("ix_thread_lead_id", "lead_id", postgresql_where=text("lead_id IS NOT NULL")),
    Index("ix_thread_partner_id", "partner_id", postgresql_where=text("partner_id IS NOT NULL")),
)
