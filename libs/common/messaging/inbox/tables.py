"""Tables of the consumer: applied events, and events that could not be applied."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

#: `blocked` waits behind an earlier event of its key, `failed` could not be applied, `retrying` was released by a
#: person; `done` and `discarded` are closed and block no event. An event that waits for a set-up is `failed` with
#: `waits_for`, so that an older release, which knows no such wait, blocks its key too.
PARKED_STATES = ("blocked", "failed", "retrying", "discarded", "done")
OPEN_STATES = ("blocked", "failed", "retrying")


def inbox_tables(metadata: MetaData) -> tuple[Table, Table]:
    """Declare `inbox` (applied event ids, one partition per UTC day) and `parked` (dead letters)."""
    inbox = Table(
        "inbox",
        metadata,
        Column("day", Date, primary_key=True),
        Column("event_id", Uuid, primary_key=True),
        # Technical time, on the database's clock.
        Column("received_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
        postgresql_partition_by="RANGE (day)",
    )
    return inbox, _parked_table(metadata)


def _parked_table(metadata: MetaData) -> Table:
    states = ", ".join(f"'{state}'" for state in PARKED_STATES)
    open_states = ", ".join(f"'{state}'" for state in OPEN_STATES)
    return Table(
        "parked",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("topic", Text, nullable=False),
        Column("partition", Integer, nullable=False),
        Column("offset", BigInteger, nullable=False),
        Column("event_id", Uuid, nullable=False, unique=True),
        Column("type", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("sequence", BigInteger, nullable=False),
        Column("desk", Text, nullable=False),
        Column("time", DateTime(timezone=True), nullable=False),
        # Headers as they came, so that a replay sees the very same record.
        Column("headers", JSONB, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("error_type", Text),
        Column("error", Text),
        Column("attempts", Integer, nullable=False, server_default=text("0")),
        Column("state", Text, nullable=False),
        # Who discarded or corrected the event, and why.
        Column("note", Text),
        Column("parked_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
        Column("updated_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
        # What it waits for, or has waited for: `playbook:<desk>:<code>`.
        Column("waits_for", Text),
        CheckConstraint(f"state IN ({states})", name="state"),
        CheckConstraint("state <> 'failed' OR error IS NOT NULL", name="failed_has_error"),
        # The consumer asks before each batch which of its keys have something open.
        Index("ix_parked_open", "topic", "key", "sequence", postgresql_where=text(f"state IN ({open_states})")),
        Index(
            "ix_parked_waits_for",
            "waits_for",
            postgresql_where=text("state = 'failed' AND waits_for IS NOT NULL"),
        ),
    )
