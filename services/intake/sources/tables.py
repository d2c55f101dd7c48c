"""Sources of deliveries: a format with its configuration, zone, playbook, limits."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.intake.metadata import metadata

source = Table(
    "source",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("code", Text, nullable=False),
    # The secret part of the webhook's path.
    Column("key", Text, nullable=False, unique=True),
    Column("format", Text, nullable=False),
    # What the format's own model says; empty when the release before has made the source. The columns `auth`,
    # `currency`, `field_map`, `status_map` and `response` are that release's.
    Column("config", JSONB),
    Column("auth", Text, nullable=False),
    # Id, sealed value and end of each, the current one first.
    Column("secrets", JSONB, nullable=False),
    Column("playbook", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("test_prefixes", ARRAY(Text), nullable=False),
    Column("field_map", JSONB, nullable=False),
    Column("status_map", JSONB, nullable=False),
    Column("rate_per_second", Integer, nullable=False),
    Column("body_limit", Integer, nullable=False),
    Column("response", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    # Whose customers its leads are; none: the desk's own.
    Column("partner_id", Uuid),
    # For how long the same content without an id is a repeat; none: the usual time.
    Column("repeat_seconds", Integer),
    # The pages of other origins that may read the answer; none: no page.
    Column("origins", ARRAY(Text)),
    # Where the visitor of a plain form is sent.
    Column("thanks_url", Text),
    # The code of a channel: who writes there and has no live lead becomes a lead of this source.
    Column("channel", Text),
    # The text to which who comes by it consents: {"document", "document_version", "purposes"}.
    Column("consent", JSONB),
    # What a call to its customers says of us on their screen.
    Column("call_label", Text),
    # Whether what one says who has bought, and has no live lead, is of the lead by which they bought.
    Column("keeps_buyers", Boolean),
    UniqueConstraint("desk", "code", name="uq_source_desk_code"),
    CheckConstraint("auth IN ('none', 'token', 'signature')", name="auth"),
    CheckConstraint("response IN ('json', 'ok')", name="response"),
    CheckConstraint("auth = 'none' OR jsonb_array_length(secrets) > 0", name="has_secret"),
    Index(
        "uq_source_desk_channel",
        "desk",
        "channel",
        unique=True,
        postgresql_where=text("channel IS NOT NULL AND active"),
    ),
    CheckConstraint("rate_per_second > 0 AND body_limit > 0", name="limits"),
)

# What a source said of consent and of its calls, and since when: the ground of a lead is what it said then.
source_terms = Table(
    "source_terms",
    metadata,
    Column("source_id", Uuid, primary_key=True),
    Column("since", DateTime(timezone=True), primary_key=True),
    Column("desk", Text, nullable=False),
    Column("document", Text),
    Column("document_version", Text),
    Column("purposes", ARRAY(Text)),
    Column("call_label", Text),
    CheckConstraint("num_nulls(document, document_version, purposes) IN (0, 3)", name="consent"),
)
