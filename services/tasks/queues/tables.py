"""When `next` last gave an operator a task of a lane; read by lanes that interrupt (S4.5)."""

from sqlalchemy import Column, DateTime, Table, Text, Uuid

from services.tasks.metadata import metadata

lane_visit = Table(
    "lane_visit",
    metadata,
    Column("operator_id", Uuid, primary_key=True),
    Column("desk", Text, primary_key=True),
    Column("lane", Text, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
)
