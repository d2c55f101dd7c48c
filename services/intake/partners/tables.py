"""Partners of a desk: masters and salons whose customers its leads are (S0.12)."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.intake.metadata import metadata

partner = Table(
    "partner",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("code", Text, nullable=False),
    # A text per language.
    Column("title", JSONB, nullable=False),
    Column("language", Text, nullable=False),
    Column("zone", Text, nullable=False),
    # [{"weekday", "opens", "closes"}] as published; none: round the clock.
    Column("hours", JSONB, nullable=False),
    Column("calls_go_to", Text, nullable=False),
    Column("operator_id", Uuid),
    Column("consultant_id", Uuid),
    Column("address", Text),
    Column("site", Text),
    # Where staff open the card and the partner's own cabinet; the lines that are called for this partner.
    Column("card_link", Text),
    Column("cabinet_link", Text),
    Column("lines", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    Column("listens", Boolean, nullable=False, server_default=text("false")),  # to recordings of their own leads
    Column("announced_version", BigInteger),  # the version that was last published in full
    # {"name", "phone", "phone_raw", "email", "identities"} as published.
    Column("person", JSONB, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("version", BigInteger, nullable=False),
    UniqueConstraint("desk", "code", name="uq_partner_desk_code"),
    CheckConstraint("calls_go_to IN ('operator', 'partner')", name="calls_go_to"),
)
