"""Steps of call sheets that were ticked."""

from sqlalchemy import Column, DateTime, ForeignKey, Table, Text, Uuid

from services.tasks.metadata import metadata

ticked_step = Table(
    "ticked_step",
    metadata,
    Column("task_id", Uuid, ForeignKey("task.id"), primary_key=True),
    Column("step", Text, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)
