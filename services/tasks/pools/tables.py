"""The projection of pools: their rules about operators who are not there."""

from sqlalchemy import BigInteger, Boolean, Column, Table, Text, UniqueConstraint, Uuid

from services.tasks.metadata import metadata

pool = Table(
    "pool",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("off_shift_pull", Boolean, nullable=False),
    Column("taken_work", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    UniqueConstraint("desk", "code"),
)
