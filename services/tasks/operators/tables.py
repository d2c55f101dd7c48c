"""The projection of operators: what taking a task checks, and the subject of their token."""

from sqlalchemy import BigInteger, Boolean, Column, Table, Text, Uuid
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
)
