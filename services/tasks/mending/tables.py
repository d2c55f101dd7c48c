"""The last outcome of each process, with what it did: kept for as long as it may be mended."""

from sqlalchemy import Column, DateTime, ForeignKey, Index, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from services.tasks.metadata import metadata

# Outcomes that nobody may mend any more go two at a time, as others come.
mendable = Table(
    "mendable",
    metadata,
    Column("process_id", Uuid, ForeignKey("process.id"), primary_key=True),
    Column("desk", Text, nullable=False),
    Column("task_id", Uuid, nullable=False),
    Column("given_at", DateTime(timezone=True), nullable=False),
    Column("until", DateTime(timezone=True), nullable=False),
    # Personal as a process's `fields` are.
    Column("deed", JSONB, nullable=False),
    Index("ix_mendable_until", "until"),
)
