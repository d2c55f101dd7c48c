"""Processes: one per lead, on the playbook version with which it started."""

from sqlalchemy import CheckConstraint, Column, DateTime, Index, Integer, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from services.tasks.metadata import metadata

process = Table(
    "process",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("lead_id", Uuid, nullable=False, unique=True),
    Column("source", Text, nullable=False),
    Column("external_id", Text),
    Column("order_number", Text),
    Column("playbook", Text, nullable=False),
    Column("playbook_version", Integer, nullable=False),
    Column("status", Text),
    Column("stage", Text),
    Column("owner_id", Uuid),
    Column("owner_name", Text),
    Column("opened", Integer, nullable=False),
    Column("breaches", Integer, nullable=False),
    Column("attempts", JSONB, nullable=False),
    Column("messages", JSONB, nullable=False),
    Column("facts", JSONB, nullable=False),
    Column("person", JSONB, nullable=False),
    Column("correlation_id", Uuid, nullable=False),
    Column("traceparent", Text),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    # What outcomes filled in: personal as `person` is.
    Column("fields", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("owner_version", Integer, nullable=False, server_default=text("0")),
    Index("ix_process_external", "desk", "source", "external_id"),
    CheckConstraint("(owner_id IS NULL) = (owner_name IS NULL)", name="whole_owner"),
    CheckConstraint("(status IS NULL) = (stage IS NULL)", name="whole_status"),
    CheckConstraint("opened >= 0 AND breaches >= 0", name="counters"),
)  # fmt: skip
