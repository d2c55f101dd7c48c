"""Requests of tasks that were answered: a repeat changes nothing and gets no second answer."""

from sqlalchemy import Column, DateTime, Table, Text, Uuid

from services.intake.metadata import metadata

change_request = Table(
    "change_request",
    metadata,
    Column("request_id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("target_id", Uuid, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)
