"""The projection of operators: what having a task requires, where they are, and the subject of their token."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, Integer, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from services.tasks.metadata import metadata

operator = Table(
    "operator",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("subject", Text, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("roles", JSONB, nullable=False),
    Column("desks", JSONB, nullable=False),
    Column("pools", JSONB, nullable=False),
    Column("products", JSONB, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    # Unknown until assignment has published it.
    Column("presence", Text),
    Column("away", Boolean, nullable=False, server_default=text("false")),
    Column("version", Integer, nullable=False, server_default=text("0")),
    # How they are reached, as published; NULL: not known.
    Column("contact", JSONB),
    # While a planned absence lasts: until when, and who deputises.
    Column("absent_until", DateTime(timezone=True)),
    Column("deputy_id", Uuid),
    Column("extension", Text),  # their telephone at the exchange
    Index("ix_operator_desks", "desks", postgresql_using="gin"),
)
