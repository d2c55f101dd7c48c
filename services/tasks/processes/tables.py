"""Processes: each about one subject, on the playbook version with which it started.

The subject's id is `lead_id` in the process with which a lead began, else `subject_id`: the release before knows
a lead's first process alone.
"""

from sqlalchemy import CheckConstraint, Column, DateTime, Index, Integer, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from services.tasks.metadata import metadata, subject_checks

process = Table(
    "process",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("lead_id", Uuid, unique=True),
    Column("subject_kind", Text, nullable=False, server_default="lead"),
    Column("subject_id", Uuid),
    Column("customer_id", Uuid),
    Column("source", Text),
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
    Column("partner_id", Uuid),
    Column("appointment", JSONB),
    # The last payment, refund and access of the lead, and until when the price is held.
    Column("dealings", JSONB),
    Column("counts", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("charges", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    # Personal as `fields` are.
    Column("documents", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    # What the lead counts for in the numbers (S4.7); NULL: nothing.
    Column("figures", JSONB),
    Index("ix_process_number", "desk", "order_number", postgresql_where=text("lead_id IS NOT NULL")),
    Index("ix_process_external_id", "external_id", "source", "desk"),
    Index("ix_process_external_number", text("(facts ->> 'external_number')"),
          postgresql_where=text("lead_id IS NOT NULL AND facts ->> 'external_number' IS NOT NULL")),
    # A subject has any number of free tasks, and of each other playbook one live process.
    Index("uq_process_live", "desk", "subject_kind", text("COALESCE(subject_id, lead_id)"), "playbook", unique=True,
          postgresql_where=text("ended_at IS NULL AND playbook <> 'free'")),
    # Who calls: the live leads of a number.
    Index("ix_process_phone", "desk", text("(person ->> 'phone')"), "started_at",
          postgresql_where=text("ended_at IS NULL AND lead_id IS NOT NULL")),
    Index("ix_process_subject_id", "subject_id", postgresql_where=text("subject_id IS NOT NULL")),
    Index("ix_process_customer_id", "customer_id", postgresql_where=text("ended_at IS NULL")),
    *subject_checks(),
    Index("ix_process_owner_id", "owner_id", postgresql_where=text("ended_at IS NULL")),
    CheckConstraint("(owner_id IS NULL) = (owner_name IS NULL)", name="whole_owner"),
    CheckConstraint("(status IS NULL) = (stage IS NULL)", name="whole_status"),
    CheckConstraint("opened >= 0 AND breaches >= 0", name="counters"),
)  # fmt: skip
