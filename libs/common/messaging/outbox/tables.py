"""The outbox and its stream rows: the same two tables in every service's schema."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    func,
)


def outbox_tables(metadata: MetaData) -> tuple[Table, Table]:
    """Declare `stream` (last sequence per key) and `outbox` (events not yet acknowledged by Kafka)."""
    stream = Table(
        "stream",
        metadata,
        Column("key", Text, primary_key=True),
        Column("version", BigInteger, nullable=False),
    )
    outbox = Table(
        "outbox",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("event_id", Uuid, nullable=False),
        Column("type", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("sequence", BigInteger, nullable=False),
        Column("desk", Text, nullable=False),
        Column("time", DateTime(timezone=True), nullable=False),
        Column("correlation_id", Uuid, nullable=False),
        Column("causation_id", Uuid),
        Column("traceparent", Text),
        Column("body", LargeBinary, nullable=False),
        # Technical: the age of the oldest unsent row is a metric on the database's clock.
        Column("stored_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    )
    return stream, outbox
