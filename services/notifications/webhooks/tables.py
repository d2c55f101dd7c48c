"""Callbacks as providers sent them, and bodies that could not be parsed."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    LargeBinary,
    Table,
    Text,
    Uuid,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB

from services.notifications.metadata import metadata

# `new`: its message is not known yet, checked again at `look_at` (the database's clock); `applied`: it changed
# a message; `orphan`: no message was ever found (sent by hand from a phone); `kept`: it changes no message.
# `status` is the provider's word, `progress` what it means; `reference`, `address`, `sender`, `text`: what the
# adapter read.
callback = Table(
    "callback",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("desk", Text, nullable=False),
    Column("channel_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("provider_message_id", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),  # the provider's clock
    Column("payload", JSONB, nullable=False),
    Column("progress", Text),
    Column("code", Text),
    Column("reference", Text),
    Column("address", Text),
    Column("sender", Text),
    Column("text", Text),
    Column("state", Text, nullable=False),
    Column("message_id", Uuid),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("stored_at", DateTime(timezone=True), nullable=False),
    Column("look_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("kind IN ('status', 'echo', 'inbound', 'template', 'channel', 'preference')", name="kind"),
    CheckConstraint("state IN ('new', 'applied', 'orphan', 'kept')", name="state"),
    CheckConstraint("(state = 'applied') = (message_id IS NOT NULL)", name="applied"),
    Index("uq_callback_event", "channel_id", "provider_message_id", "kind", "status", "at", unique=True),
    Index("ix_callback_look", "look_at", postgresql_where=sql("state = 'new'")),
    Index("ix_callback_unmatched", "provider_message_id", postgresql_where=sql("state = 'new'")),
    Index("ix_callback_message_id", "message_id", postgresql_where=sql("message_id IS NOT NULL")),
    Index("ix_callback_of_no_message", "id", postgresql_where=sql("message_id IS NULL")),
)

# Raw bodies of which a part or all could not be parsed.
unreadable = Table(
    "unreadable",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("desk", Text, nullable=False),
    Column("channel_id", Uuid, nullable=False),
    Column("reason", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Index("ix_unreadable_desk_id", "desk", "id"),
)
