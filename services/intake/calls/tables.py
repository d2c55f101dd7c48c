"""Calls that we start: each a command (libs.common.connect.command) to a source's telephone exchange."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)

from libs.common.connect.command.tables import progress
from services.intake.metadata import metadata

_UNDER_WAY = "state IN ('pending', 'held', 'sending', 'waiting')"

# What commands are paced and halted by. A row is made with the first call of its source.
exchange = Table(
    "exchange",
    metadata,
    Column("id", Uuid, primary_key=True),  # of the source
    Column("desk", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("account", Text, nullable=False),  # digest of what the provider limits by
    Column("rate_5s", Integer, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("halted_code", Text),  # the provider's reason why nothing is called until a person looks at the source
    Column("halted_at", DateTime(timezone=True)),
    Column("version", Integer, nullable=False),
    CheckConstraint("rate_5s BETWEEN 1 AND 10000", name="rate"),
    CheckConstraint("(halted_code IS NULL) = (halted_at IS NULL)", name="halted"),
)

# One row per account: the generic cell rate algorithm needs one stored moment, on the database's clock.
pace = Table(
    "pace",
    metadata,
    Column("account", Text, primary_key=True),
    Column("free_at", DateTime(timezone=True), nullable=False),
)

call = Table(
    "call",
    metadata,
    Column("id", Uuid, primary_key=True),  # the id of the command, which the exchange's events repeat
    Column("desk", Text, nullable=False),
    Column("exchange_id", Uuid, ForeignKey("exchange.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("of_id", Uuid),  # the call that a transfer is of
    Column("lead_id", Uuid),
    Column("operator_id", Uuid),
    Column("actor", Text, nullable=False),
    Column("extension", Text, nullable=False),  # who calls, or passes the call on
    Column("to_number", Text, nullable=False),  # the customer in E.164, or the extension that takes over
    Column("from_leg", Text),  # of a transfer: the leg to pass on
    # As the exchange's events say: the conversation, the leg in which people talk, and its contact of ours.
    Column("entry_id", Text),
    Column("leg", Text),
    Column("contact_id", Uuid),
    Column("traceparent", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    *progress(),
    CheckConstraint("kind IN ('dial', 'transfer')", name="kind"),
    CheckConstraint("(kind = 'transfer') = (of_id IS NOT NULL)", name="transfer"),
    # One click rings a telephone once, also while it is in doubt whether it rang.
    Index(
        "uq_call_under_way", "exchange_id", "kind", "extension", "to_number", unique=True,
        postgresql_where=text(_UNDER_WAY),
    ),
    Index(
        "ix_call_due", "exchange_id", text("(offered_at IS NULL)"), "due_at",
        postgresql_where=text("state IN ('pending', 'sending')"),
    ),
    Index("ix_call_entry_id", "exchange_id", "entry_id", postgresql_where=text("entry_id IS NOT NULL")),
    Index("ix_call_lead_id", "lead_id", "id", postgresql_where=text("lead_id IS NOT NULL")),
    Index("ix_call_desk", "desk", "id"),
    Index("ix_call_to_number", "to_number", "created_at"),
)  # fmt: skip
