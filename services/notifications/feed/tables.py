"""Each operator's feed with gap-free positions, and the token (`sub`) that reads it."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, DateTime, Index, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from services.notifications.feed.rules import OF_MESSAGES, OF_NO_TASK, FeedKind
from services.notifications.metadata import metadata

_OF_NO_TASK = f"kind IN ({', '.join(repr(kind.value) for kind in OF_NO_TASK)})"
_OF_MESSAGES = f"kind IN ({', '.join(repr(kind.value) for kind in OF_MESSAGES)})"

# A projection of `operator.changed`.
operator = Table(
    "operator",
    metadata,
    Column("operator_id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("name", Text, nullable=False),
    # Of the last event: an older one changes nothing. 0: stored by a release that did not compare.
    Column("sequence", BigInteger, nullable=False, server_default=text("0")),
    # Who was dismissed reads no feed.
    Column("active", Boolean, nullable=False, server_default=text("true")),
    # Their department, and those that they head, by code.
    Column("department", Text),
    Column("heads", JSONB, nullable=False, server_default=text("'[]'")),
    Index("ix_operator_subject", "subject"),
)

# A writer locks this row to take the next position; `position` is the last one taken.
feed = Table(
    "feed",
    metadata,
    Column("operator_id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
)

feed_item = Table(
    "feed_item",
    metadata,
    Column("operator_id", Uuid, primary_key=True),
    Column("position", BigInteger, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("task_id", Uuid),
    Column("lead_id", Uuid),
    Column("title", JSONB, nullable=False),  # language code -> text
    Column("order_number", Text),
    Column("due_at", DateTime(timezone=True)),
    Column("event_id", Uuid, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    # Whom to call, and their zone; None: about no customer, or of an event of the release before.
    Column("person", JSONB),
    Column("zone", Text),
    # The message that an entry is about; its words are kept there alone.
    Column("message_id", Uuid),
    CheckConstraint("position > 0", name="position"),
    CheckConstraint(f"kind IN ({', '.join(repr(kind.value) for kind in FeedKind)})", name="kind"),
    CheckConstraint(f"({_OF_MESSAGES}) = (message_id IS NOT NULL)", name="message_id"),
    CheckConstraint(f"{_OF_NO_TASK} OR task_id IS NOT NULL", name="task_id"),
    CheckConstraint(f"{_OF_NO_TASK} OR due_at IS NOT NULL", name="due_at"),
    Index("ix_feed_item_operator_id_lead_id", "operator_id", "lead_id"),
    Index("uq_feed_item_operator_id_event_id", "operator_id", "event_id", unique=True),
)
