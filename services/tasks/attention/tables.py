"""Matters that wait for a person, and the process of the task that each has opened."""

from sqlalchemy import Column, ForeignKey, Table, Text, Uuid

from services.tasks.metadata import metadata

# A row while the matter is raised; what becomes of the task meanwhile does not matter here.
matter = Table(
    "matter",
    metadata,
    Column("desk", Text, primary_key=True),
    Column("service", Text, primary_key=True),  # which has raised it
    Column("kind", Text, primary_key=True),
    Column("ref", Text, primary_key=True),
    Column("process_id", Uuid, ForeignKey("process.id"), nullable=False),
)
