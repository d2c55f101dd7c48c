"""Accounts of schools at GetCourse: by them orders are checked, and made there, paced and halted."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from services.intake.metadata import metadata

school = Table(
    "school",
    metadata,
    Column("id", Uuid, primary_key=True),  # of the source
    Column("desk", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("account", Text, nullable=False),  # digest of what the school limits by
    Column("name", Text, nullable=False),  # of the account, as its address has it
    Column("api_key", Text, nullable=False),  # sealed
    Column("webhook_key", Text),  # sealed; by it the school is asked to report its orders
    Column("check_minutes", Integer, nullable=False),
    Column("rate_5s", Integer, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("halted_code", Text),  # why nothing is made there until a person looks at the account
    Column("halted_at", DateTime(timezone=True)),
    Column("version", Integer, nullable=False),
    Column("changed_by", Text, nullable=False),
    CheckConstraint("rate_5s BETWEEN 1 AND 10000", name="rate"),
    CheckConstraint("check_minutes BETWEEN 10 AND 45", name="check_minutes"),
    CheckConstraint("(halted_code IS NULL) = (halted_at IS NULL)", name="halted"),
    # The school counts what is asked of an account, of all sources together.
    Index("uq_school_account", "account", unique=True, postgresql_where=text("active")),
)

# Orders of customers who are erased: a list of the school names them still (P.7). `statuses`: what it had said.
forgotten_order = Table(
    "forgotten_order",
    metadata,
    Column("digest", LargeBinary, primary_key=True),  # of the source and what it calls the order
    Column("desk", Text, nullable=False),
    Column("statuses", ARRAY(Text), nullable=False),
    Column("forgotten_at", DateTime(timezone=True), nullable=False),
)
