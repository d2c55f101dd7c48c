"""Channels: a desk's numbers at messengers, and the pace of each API key."""

from sqlalchemy import Boolean, CheckConstraint, Column, DateTime, Index, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.notifications.metadata import metadata

channel = Table(
    "channel",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("config", JSONB),  # the provider's own, without its secrets
    Column("secrets", Text),  # sealed: the configuration's secret fields as JSON; no read returns it
    # What the release before reads, empty once it is gone. Nothing else writes a secret that is not sealed.
    Column("api_key", Text, nullable=False, server_default=""),
    Column("account", Text, nullable=False),  # digest of provider and key: what the provider limits by
    Column("provider_channel_id", Text, nullable=False),  # our end of the channel, as the provider names it
    Column("hook_key", Text, nullable=False),
    Column("rate_5s", Integer, nullable=False),
    Column("stop_words", ARRAY(Text)),  # NULL: the usual ones (`received/rules.py`)
    Column("free_text_roles", ARRAY(Text)),  # who of us may write free text; NULL: all who may write
    Column("active", Boolean, nullable=False),
    Column("halted_code", Text),  # the provider's reason why nothing is sent until a person looks at it
    Column("halted_at", DateTime(timezone=True)),
    Column("resumed_at", DateTime(timezone=True)),  # by the database's clock: what was counted before is over
    Column("version", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    # The version that was last published; the release before leaves it.
    Column("announced_version", Integer),
    CheckConstraint(
        "kind IN ('whatsapp', 'sms', 'email', 'push', 'max', 'telegram', 'instagram', 'team')", name="kind"
    ),
    CheckConstraint(
        "(config IS NULL) = (secrets IS NULL) AND (secrets IS NOT NULL OR api_key <> '')", name="sealed"
    ),
    CheckConstraint("rate_5s BETWEEN 1 AND 10000", name="rate"),
    CheckConstraint("(halted_code IS NULL) = (halted_at IS NULL)", name="halted"),
    Index("uq_channel_desk_code", "desk", "code", unique=True),
    Index("uq_channel_hook_key", "hook_key", unique=True),
    Index("ix_channel_account", "account"),
)

# One row per API key: the generic cell rate algorithm needs one stored moment, on the database's clock.
pace = Table(
    "pace",
    metadata,
    Column("account", Text, primary_key=True),
    Column("free_at", DateTime(timezone=True), nullable=False),
)
