"""Messages that customers wrote, and those that were written to them in a provider's own app."""

from sqlalchemy import Boolean, CheckConstraint, Column, DateTime, ForeignKey, Index, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from services.notifications.metadata import metadata

# `known_by`: pairs of kind and value that the message shows of its customer, the address of the chat first.
# Customer and lead are intake's word (`message.resolved`); NULL: not said yet, or there is none.
received_message = Table(
    "received_message",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("channel_id", Uuid, ForeignKey("channel.id"), nullable=False),
    Column("external_id", Text, nullable=False),  # the provider's
    Column("direction", Text, nullable=False),
    Column("known_by", JSONB, nullable=False),
    Column("name", Text),
    Column("content", Text, nullable=False),
    Column("text", Text),
    Column("button", Text),
    Column("media", JSONB),  # where the provider keeps the file
    Column("reply_to", Text),  # the provider's id of the message that is answered
    Column("at", DateTime(timezone=True), nullable=False),  # the message's own time
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("customer_id", Uuid),
    Column("lead_id", Uuid),
    # The thread that it stands in until its customer is known (`conversations`); None: of the release before.
    Column("address_id", Uuid),
    # A stop word and no more: it waits for no answer.
    Column("stop", Boolean, nullable=False, server_default=text("false")),
    CheckConstraint("direction IN ('in', 'out')", name="direction"),
    CheckConstraint("content IN ('text', 'button', 'media', 'location', 'unsupported')", name="content"),
    CheckConstraint("lead_id IS NULL OR customer_id IS NOT NULL", name="lead"),
    Index("uq_received_message_channel_id_external_id", "channel_id", "external_id", unique=True),
    Index("ix_received_message_desk_id", "desk", "id"),
    Index("ix_received_message_lead_id", "lead_id", "id", postgresql_where=text("lead_id IS NOT NULL")),
    Index("ix_received_message_customer_id", "customer_id", "id", postgresql_where=text("customer_id IS NOT NULL")),
    Index("ix_received_message_thread", text("(coalesce(customer_id, address_id))"), "at", "id"),
)
