"""Leads, and the history of them and their orders."""

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Identity, Index, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.intake.metadata import metadata

_STAGES = "'new', 'working', 'booked', 'won', 'lost', 'invalid', 'incubator'"

lead = Table(
    "lead",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("customer_id", Uuid, nullable=False),
    Column("source_id", Uuid, nullable=False),
    Column("source", Text, nullable=False),
    Column("playbook", Text, nullable=False),
    Column("status", Text, nullable=False),
    # {"ru", "en"}: the desk's own name of the status.
    Column("title", JSONB, nullable=False),
    Column("stage", Text, nullable=False),
    Column("owner_id", Uuid),
    Column("signals", ARRAY(Text), nullable=False),
    Column("earlier_lead_id", Uuid),
    Column("name", Text),
    Column("phone", Text),
    Column("phone_raw", Text),
    Column("email", Text),
    Column("language", Text, nullable=False),
    Column("zone", Text, nullable=False),
    # By what it is known; that of the desk is its source's.
    Column("zone_source", Text, nullable=False, server_default=text("'desk'")),
    Column("marketing", JSONB, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("version", BigInteger, nullable=False),
    # The current situation in words (S2.7).
    Column("pinned_comment", Text),
    # Whose customer the lead is: its source's partner when it came (S0.12).
    Column("partner_id", Uuid),
    # Which lead it is by now: the last of all merges (P.15). What was written of it keeps its own id.
    Column("merged_into", Uuid),
    CheckConstraint(f"stage IN ({_STAGES})", name="stage"),
    CheckConstraint("zone_source IN ('address', 'phone', 'desk')", name="zone_source"),
    Index("ix_lead_merged_into", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
    Index("ix_lead_desk", "desk", "created_at", "id"),
    Index("ix_lead_customer_id", "customer_id"),
    # A phone is searched by its last digits, so that the spelling of its prefix does not matter (S4.15).
    Index("ix_lead_phone", text("reverse(phone) text_pattern_ops"), postgresql_where=text("phone IS NOT NULL")),
    Index("ix_lead_partner_id", "partner_id", "created_at", "id", postgresql_where=text("partner_id IS NOT NULL")),
    Index("ix_lead_email", "email", postgresql_where=text("email IS NOT NULL")),
    # The newest of all desks, and of several.
    Index("ix_lead_created_at", "created_at", "id"),
    # Parts of names and phones (S4.15). What is new waits in the index's list, which the worker empties.
    Index(
        "ix_lead_words",
        text("translate(lower(name), 'ё', 'е') extensions.gin_trgm_ops"),
        text("phone extensions.gin_trgm_ops"),
        postgresql_using="gin",
    ),
    Index(
        "ix_lead_phone_raw",
        text("regexp_replace(phone_raw, '\\D', '', 'g') extensions.gin_trgm_ops"),
        postgresql_using="gin",
        postgresql_where=text("phone IS NULL"),
    ),
)

history = Table(
    "history",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("desk", Text, nullable=False),
    Column("lead_id", Uuid, nullable=False),
    Column("order_id", Uuid),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("what", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("from_value", Text),
    Column("to_value", Text),
    Column("reason", Text, nullable=False),
    # The delivery or event that caused the change.
    Column("cause_id", Uuid, nullable=False),
    CheckConstraint(
        "what IN ('lead_status', 'lead_owner', 'lead_person', 'order_status', 'order_fields', 'pinned_comment',"
        " 'appointment', 'lead_merged', 'payment', 'refund', 'access')",
        name="what",
    ),
    Index("ix_history_lead_id", "lead_id", "id"),
)
