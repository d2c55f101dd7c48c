"""Releases still to be done: one row per task of an operator who left more of them than one transaction moves."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Identity, Table, Text, Uuid

from services.tasks.metadata import metadata

pending_release = Table(
    "pending_release",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("desk", Text, nullable=False),
    Column("process_id", Uuid, ForeignKey("process.id"), nullable=False),
    Column("task_id", Uuid, nullable=False),
    Column("operator_id", Uuid, nullable=False),
    Column("untaken", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("correlation_id", Uuid, nullable=False),
    Column("causation_id", Uuid),
    Column("traceparent", Text),
)
