"""Fan-outs: events that more processes hear than one transaction should hold, and a command for each process."""

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Identity, Index, LargeBinary, Table, Text, Uuid

from services.tasks.metadata import metadata

# The event as it came. Processes with ids below `until_id` hear it: the others have begun since. `after_id` is the
# last one that has a command; `spread_at` is when all had one.
fanout = Table(
    "fanout",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("desk", Text, nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("type", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("time", DateTime(timezone=True), nullable=False),
    Column("correlation_id", Uuid, nullable=False),
    Column("causation_id", Uuid),
    Column("traceparent", Text),
    Column("body", LargeBinary, nullable=False),
    Column("until_id", Uuid, nullable=False),
    Column("after_id", Uuid),
    Column("spread_at", DateTime(timezone=True)),
    Index("ix_fanout_key", "key", "number"),
)

# A row is a command that is to be carried out, or was set aside because it failed.
command = Table(
    "fanout_command",
    metadata,
    Column("fanout", BigInteger, ForeignKey("fanout.number"), primary_key=True),
    Column("process_id", Uuid, ForeignKey("process.id"), primary_key=True),
    Column("desk", Text, nullable=False),
    Column("set_aside_at", DateTime(timezone=True)),
    Index("ix_fanout_command_process_id", "process_id", "fanout"),
)
