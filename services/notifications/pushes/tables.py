"""Browsers that take pushes, and pushes: each a command (libs.common.connect.command) to one subscription."""

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
from sqlalchemy.dialects.postgresql import JSONB

from libs.common.connect.command.tables import progress
from services.notifications.metadata import metadata

# What pushes are paced and halted by.
push_subscription = Table(
    "push_subscription",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("operator_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("code", Text, nullable=False),  # the push service's host
    Column("endpoint", Text, nullable=False),  # what the service knows the browser by
    # What the release before writes beside the seal, and reads if it is not empty: emptied by the worker.
    Column("p256dh", Text, nullable=False),
    Column("auth", Text, nullable=False),
    Column("sealed", Text),  # both, sealed in their row's place; NULL: of an earlier release, and plain
    Column("language", Text, nullable=False),
    Column("account", Text, nullable=False),  # the service's origin
    Column("rate_5s", Integer, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("halted_code", Text),  # why the service takes nothing for it until the browser subscribes anew
    Column("halted_at", DateTime(timezone=True)),
    Column("version", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("rate_5s BETWEEN 1 AND 10000", name="rate"),
    CheckConstraint("(halted_code IS NULL) = (halted_at IS NULL)", name="halted"),
    Index("uq_push_subscription_endpoint", "endpoint", unique=True),
    Index("ix_push_subscription_operator_id", "operator_id"),
)

push = Table(
    "push",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("subscription_id", Uuid, ForeignKey("push_subscription.id", ondelete="CASCADE"), nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("topic", Text, nullable=False),
    Column("payload", JSONB, nullable=False),
    Column("traceparent", Text),
    *progress(),
    Index("uq_push_subscription_id_event_id", "subscription_id", "event_id", unique=True),
    Index(
        "ix_push_due", "subscription_id", text("(offered_at IS NULL)"), "due_at",
        postgresql_where=text("state IN ('pending', 'sending')"),
    ),
    Index(
        "ix_push_open", "expires_at", postgresql_where=text("state IN ('pending', 'held', 'sending', 'waiting')")
    ),
    Index("ix_push_over", "due_at", postgresql_where=text("state IN ('accepted', 'refused', 'unknown')")),
)  # fmt: skip
