"""Each operator's feed with gap-free positions, and the token (`sub`) that reads it."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, DateTime, Index, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from services.notifications.metadata import metadata

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
    Column("task_id", Uuid, nullable=False),
    Column("lead_id", Uuid),
    Column("title", JSONB, nullable=False),  # language code -> text
    Column("order_number", Text),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    # Whom to call, and their zone; None: about no customer, or of an event of the release before.
    Column("person", JSONB),
    Column("zone", Text),
    CheckConstraint("position > 0", name="position"),
    CheckConstraint("kind IN ('task_assigned', 'task_taken', 'task_reminded')", name="kind"),
    Index("ix_feed_item_operator_id_lead_id", "operator_id", "lead_id"),
    Index("uq_feed_item_operator_id_event_id", "operator_id", "event_id", unique=True),
)
