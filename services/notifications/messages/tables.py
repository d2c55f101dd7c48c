"""Messages, one per dedupe key, and their attempts, each with an idempotency key of its own."""

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
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from libs.common.connect.command.tables import states
from services.notifications.metadata import metadata

message = Table(
    "message",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("dedupe_key", Text, nullable=False),
    Column("lead_id", Uuid),
    # That of the request, of its subject: the steps are published under it. None: `lead:<lead_id>`.
    Column("key", Text),
    # Whose conversation it is in; None: it went to another person, or was requested by the release before.
    Column("customer_id", Uuid),
    # Who wrote it, by the token's `sub`, and who that is of the operators; None: a playbook did.
    Column("author", Text),
    Column("operator_id", Uuid),
    # The process that requested it; the steps name it.
    Column("process_id", Uuid),
    Column("task_id", Uuid),
    Column("purpose", Text, nullable=False),
    Column("template", Text, nullable=False),
    Column("template_version", Integer),
    Column("language", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("address", Text),
    Column("text", Text),
    Column("parts", JSONB),  # the filled template of the provider's own
    Column("segments", Integer),  # of a text message
    # The rung that it is on, those that are still to be tried, and those that are over (`ladders`): channel,
    # provider, address, language, text, parts and segments are those of the rung.
    Column("rung", Integer, nullable=False, server_default=text("1")),
    Column("ahead", JSONB, nullable=False, server_default=text("'[]'")),
    Column("passed", JSONB, nullable=False, server_default=text("'[]'")),
    Column("deadline", DateTime(timezone=True)),
    Column("state", Text, nullable=False),
    Column("published", ARRAY(Text), nullable=False),  # steps that were published, each once
    Column("code", Text),
    Column("detail", Text),
    Column("correlation_id", Uuid, nullable=False),
    Column("causation_id", Uuid),
    Column("traceparent", Text),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    # When it was not wanted any more (`withdrawals`): what has not left by then does not leave.
    Column("withdrawn_at", DateTime(timezone=True)),
    Column("withdrawn_by", Text),  # none: its playbook
    # The whole request, personal data too, while it can be sent again: its template had no approved version.
    Column("asked", JSONB),
    # Quiet hours and the zone of who gets it; NULL: it may be sent at any time.
    Column("night", JSONB),
    Column("marketing", Boolean, nullable=False, server_default=text("false")),
    Column("resent_at", DateTime(timezone=True)),
    Column("resent_by", Text),
    CheckConstraint(
        "state IN ('pending', 'unknown', 'accepted', 'sent', 'failed', 'delivered', 'read')", name="state"
    ),
    CheckConstraint("state = 'failed' OR (text IS NOT NULL AND address IS NOT NULL)", name="rendered"),
    CheckConstraint("state NOT IN ('failed', 'unknown') OR code IS NOT NULL", name="reason"),
    Index("uq_message_desk_dedupe_key", "desk", "dedupe_key", unique=True),
    Index("ix_message_lead_id", "lead_id", "id"),
    Index("ix_message_desk_id", "desk", "id"),
    Index("ix_message_desk_state", "desk", "state", "id"),
    Index("ix_message_marketing", "desk", "address", "requested_at", postgresql_where=text("marketing")),
    Index(
        "ix_message_customer_id",
        "customer_id",
        "requested_at",
        "id",
        postgresql_where=text("customer_id IS NOT NULL"),
    ),
    Index("ix_message_withdrawn", "id", postgresql_where=text("withdrawn_at IS NOT NULL AND state = 'pending'")),
)

# A command (libs.common.connect.command). `due_at` is the next try of `pending`, the end of the lease of
# `sending`, the callback timeout of `waiting` (the provider may have it, under an id that only a callback can
# give). `offered_at` is set while the provider may have the message without having confirmed it. `held` waits
# for business time.
attempt = Table(
    "attempt",
    metadata,
    Column("id", Uuid, primary_key=True),  # the idempotency key at the provider
    Column("desk", Text, nullable=False),
    Column("message_id", Uuid, ForeignKey("message.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("rung", Integer, nullable=False, server_default=text("1")),
    Column("channel_id", Uuid, ForeignKey("channel.id"), nullable=False),
    Column("address", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True)),  # business time: until when its rung may wait
    Column("not_before", DateTime(timezone=True)),  # business time
    Column("offered_at", DateTime(timezone=True)),
    Column("ask_at", DateTime(timezone=True)),  # when the provider is asked for it next
    Column("lease_token", Uuid),
    Column("tries", Integer, nullable=False),
    # Its provider limits messages to one address: it waits for those before it (`PAIRED` of commands).
    Column("paced", Boolean, nullable=False, server_default=text("false")),
    Column("provider_message_id", Text),
    Column("reference", Text),  # what the provider's reports carry besides its own id
    Column("code", Text),
    Column("detail", Text),
    *states(),
    CheckConstraint("provider_message_id IS NULL OR state IN ('accepted', 'refused')", name="named"),
    Index("uq_attempt_message_id_number", "message_id", "number", unique=True),
    # A message has at most one attempt that is not refused: nothing is sent twice.
    Index(
        "uq_attempt_alive",
        "message_id",
        unique=True,
        postgresql_where=text("state <> 'refused'"),
    ),
    # Repeats first: their key is valid for a minute, a new message can wait.
    Index(
        "ix_attempt_due",
        "channel_id",
        text("(offered_at IS NULL)"),
        "due_at",
        postgresql_where=text("state IN ('pending', 'sending')"),
    ),
    Index(
        "ix_attempt_offered",
        "offered_at",
        postgresql_where=text("state IN ('pending', 'sending') AND offered_at IS NOT NULL"),
    ),
    Index(
        "ix_attempt_pair",
        "channel_id",
        "address",
        text(
            "(CASE WHEN state = ANY (ARRAY['pending', 'sending']) THEN 'infinity'::timestamptz ELSE offered_at END)"
        ),
        postgresql_where=text("paced AND state <> 'refused'"),
    ),
    Index("ix_attempt_held", "not_before", postgresql_where=text("state = 'held'")),
    Index(
        "ix_attempt_reference",
        "reference",
        postgresql_where=text("reference IS NOT NULL AND provider_message_id IS NULL"),
    ),
    Index("ix_attempt_waiting", "due_at", postgresql_where=text("state = 'waiting'")),
    Index(
        "ix_attempt_expires",
        "expires_at",
        postgresql_where=text("state = 'pending' AND offered_at IS NULL"),
    ),
    Index("ix_attempt_ask", "channel_id", "ask_at", postgresql_where=text("ask_at IS NOT NULL")),
    Index("ix_attempt_provider_message_id", "provider_message_id"),
    Index(
        "ix_attempt_unnamed",
        "address",
        postgresql_where=text("provider_message_id IS NULL AND offered_at IS NOT NULL AND state <> 'refused'"),
    ),
)
