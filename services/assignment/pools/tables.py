"""Pools and their seats: the operators of a pool with their turn counters."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.assignment.metadata import metadata

pool = Table(
    "pool",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("title", JSONB, nullable=False),
    Column("role", Text, nullable=False),
    Column("virtual_time", BigInteger, nullable=False),
    Column("turn", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("off_shift_pull", Boolean, nullable=False, server_default=text("false")),
    Column("taken_work", Text, nullable=False, server_default=text("'keep'")),
    # Minutes; 0: never.
    Column("away_after", Integer, nullable=False, server_default=text("5")),
    # The untaken tasks up to which an operator is given work that has waited.
    Column("share", Integer, nullable=False, server_default=text("3")),
    # Minutes in which a wrong outcome of its tasks may be mended; 0: never.
    Column("mend_within", Integer, nullable=False, server_default=text("15")),
    # Seconds in which who has ended a call of its tasks writes it up and is offered nothing.
    Column("after_call", Integer, nullable=False, server_default=text("0")),
    # The version that was last published.
    Column("announced_version", Integer),
    # False: retired, no operator may be seated in it.
    Column("active", Boolean, nullable=False, server_default=text("true")),
    CheckConstraint("taken_work IN ('keep', 'release')", name="taken_work"),
    CheckConstraint("away_after >= 0", name="away_after"),
    CheckConstraint("share > 0", name="share"),
    CheckConstraint("after_call BETWEEN 0 AND 3600", name="after_call"),
    CheckConstraint("mend_within BETWEEN 0 AND 1440", name="mend_within"),
    UniqueConstraint("desk", "code"),
    CheckConstraint("virtual_time >= 0 AND turn >= 0", name="counters"),
    CheckConstraint("version > 0", name="version"),
)

seat = Table(
    "seat",
    metadata,
    Column("pool_id", Uuid, ForeignKey("pool.id"), primary_key=True),
    Column("operator_id", Uuid, ForeignKey("operator.id"), primary_key=True),
    Column("desk", Text, nullable=False),
    Column("weight", Integer, nullable=False),
    # Virtual times count 232 792 560 units per turn at weight 1.
    Column("virtual_time", BigInteger, nullable=False),
    # The entry time: the virtual time at which the seat last became eligible.
    Column("floor", BigInteger, nullable=False),
    Column("eligible", Boolean, nullable=False),
    Column("last_turn", BigInteger, nullable=False),
    Column("turns", BigInteger, nullable=False),
    CheckConstraint("weight BETWEEN 1 AND 100", name="weight"),
    CheckConstraint("floor >= 0 AND virtual_time >= floor", name="virtual_time"),
    CheckConstraint("turns >= 0 AND last_turn >= 0", name="turns"),
    Index("ix_seat_operator_id", "operator_id"),
)
