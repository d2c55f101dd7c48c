"""What is known of customers' addresses, and when they last wrote to a channel."""

from sqlalchemy import Boolean, Column, DateTime, ForeignKey, Index, Table, Text, Uuid

from services.notifications.metadata import metadata

# One row per address of which something is known; an unknown address has none. `address`: as `rules.plain`
# gives it.
address = Table(
    "address",
    metadata,
    Column("desk", Text, primary_key=True),
    Column("kind", Text, primary_key=True),  # of the channel
    Column("address", Text, primary_key=True),
    Column("unreachable_until", DateTime(timezone=True)),  # business time
    Column("opted_out", Boolean, nullable=False),
    Column("opted_out_of_marketing", Boolean, nullable=False),
    Column("opted_at", DateTime(timezone=True)),  # of the last wish: an older one changes nothing
    Column("code", Text, nullable=False),  # the provider's word for the last change
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Index("ix_address_desk_address", "desk", "address"),
)

# Where a provider allows free text for a time after the customer's last message alone.
conversation = Table(
    "conversation",
    metadata,
    Column("desk", Text, nullable=False),
    Column("channel_id", Uuid, ForeignKey("channel.id"), primary_key=True),
    Column("address", Text, primary_key=True),
    Column("heard_at", DateTime(timezone=True), nullable=False),  # business time
)
