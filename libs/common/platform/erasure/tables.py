"""The tables of erasures: whose data came to go and what became of it, and the ids that are never filled again."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB


def erasure_tables(metadata: MetaData) -> tuple[Table, Table]:
    """Declare `erasure`, one row for each, and `erased`, the ids of the customers and leads that are gone."""
    states = ("noted", "fenced", "running", "done")
    erasure = Table(
        "erasure",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("desk", Text, nullable=False),
        Column("customer_id", Uuid, nullable=False),
        # By what the person is found; NULL once nothing is left, for the ledger names no person.
        Column("person", JSONB),
        Column("state", Text, nullable=False),
        # Transactions before this one may not know of the erasure yet; they end before anything is scrubbed.
        Column("fence", BigInteger),
        # The place that is emptied now, and how far it is walked through.
        Column("place", Text),
        Column("walked", Text),
        Column("counts", JSONB, nullable=False),
        Column("noted_at", DateTime(timezone=True), nullable=False),
        Column("done_at", DateTime(timezone=True)),
        Column("correlation_id", Uuid, nullable=False),
        Column("causation_id", Uuid),
        Column("traceparent", Text),
        CheckConstraint(f"state IN ({', '.join(map(repr, states))})", name="state"),
        CheckConstraint("(state = 'done') = (person IS NULL)", name="forgotten"),
        CheckConstraint("(state = 'done') = (done_at IS NOT NULL)", name="done_at_a_time"),
        Index("ix_erasure_under_way", "id", postgresql_where=text("state <> 'done'")),
        Index("ix_erasure_customer_id", "customer_id"),
    )
    erased = Table(
        "erased",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("kind", Text, nullable=False),
        Column("desk", Text, nullable=False),
        Column("erasure_id", Uuid, nullable=False),
        CheckConstraint("kind IN ('customer', 'lead')", name="kind"),
        Index("ix_erased_erasure_id", "erasure_id"),
    )
    return erasure, erased


def retention_table(metadata: MetaData) -> Table:
    """Declare `retention`: for how many days a desk keeps a kind of what names persons."""
    return Table(
        "retention",
        metadata,
        Column("desk", Text, primary_key=True),
        Column("kind", Text, primary_key=True),
        # NULL: for good.
        Column("days", Integer),
        # Of each table the last row that was looked at: those before it are emptied.
        Column("walked", JSONB, nullable=False),
        Column("changed_by", Text, nullable=False),
        CheckConstraint("days > 0", name="days"),
    )
