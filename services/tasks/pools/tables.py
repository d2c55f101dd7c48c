"""The projection of pools: their rules about operators who are not there."""

from sqlalchemy import BigInteger, Boolean, Column, Integer, Table, Text, UniqueConstraint, Uuid, text

from services.tasks.metadata import metadata

pool = Table(
    "pool",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("off_shift_pull", Boolean, nullable=False),
    Column("taken_work", Text, nullable=False),
    Column("mend_within", Integer, nullable=False, server_default=text("15")),
    Column("sequence", BigInteger, nullable=False),
    UniqueConstraint("desk", "code"),
)
