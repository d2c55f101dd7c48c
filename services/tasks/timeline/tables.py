"""The timeline: a row per step of a lead, from every service (docs/adr/0006)."""

from sqlalchemy import BigInteger, Column, DateTime, Identity, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from services.tasks.metadata import metadata

entry = Table(
    "timeline_entry",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("desk", Text, nullable=False),
    Column("lead_id", Uuid, nullable=False, index=True),
    Column("event_id", Uuid, nullable=False),
    Column("causation_id", Uuid),
    Column("correlation_id", Uuid, nullable=False),
    Column("owner", Text, nullable=False),
    Column("sequence", BigInteger),
    Column("time", DateTime(timezone=True), nullable=False),
    Column("kind", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("rule", Text),
    Column("task_id", Uuid),
    Column("facts", JSONB, nullable=False),
)
