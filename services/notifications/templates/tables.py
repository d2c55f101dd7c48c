"""Templates: one row per version; and what providers say of those that they know."""

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

from services.notifications.metadata import metadata

template = Table(
    "template",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("bodies", JSONB, nullable=False),  # language code -> text
    Column("variants", JSONB, nullable=False, server_default=text("'{}'")),  # by kind of channel
    # For which situation of a customer it is; NULL: for none in particular.
    Column("situation", Text),
    Column("types", JSONB, nullable=False, server_default=text("'{}'")),  # of its placeholders, by name
    Column("state", Text, nullable=False),
    Column("proposed_by", Text, nullable=False),
    Column("proposed_at", DateTime(timezone=True), nullable=False),
    # That of who proposed it, then; its head approves it. NULL: of none.
    Column("department", Text),
    Column("approved_by", Text),
    Column("approved_at", DateTime(timezone=True)),
    Column("retired_by", Text),  # with all versions of its template; the release before still uses it
    Column("retired_at", DateTime(timezone=True)),
    # When it was published that it is approved; the release before leaves it empty.
    Column("announced_at", DateTime(timezone=True)),
    CheckConstraint("state IN ('proposed', 'approved')", name="state"),
    CheckConstraint("version > 0", name="version"),
    CheckConstraint(
        "(state = 'approved') = (approved_by IS NOT NULL) AND (approved_by IS NULL) = (approved_at IS NULL)",
        name="approval",
    ),
    CheckConstraint("(retired_by IS NULL) = (retired_at IS NULL)", name="retirement"),
    Index("uq_template_desk_code_version", "desk", "code", "version", unique=True),
    Index("ix_template_approved", "desk", "code", "version", postgresql_where=text("state = 'approved'")),
)

# What providers say of the templates that they know by a name.
registration = Table(
    "registration",
    metadata,
    Column("desk", Text, nullable=False),
    Column("channel_id", Uuid, ForeignKey("channel.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("language", Text, primary_key=True),
    Column("state", Text, nullable=False),  # the provider's word
    Column("usable", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),  # the provider's clock
    Index("ix_registration_desk_name", "desk", "name"),
)
