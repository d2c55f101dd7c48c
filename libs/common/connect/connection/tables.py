"""One row per connection. `held_until` is on the database's clock; `broken_at`, business time, begins a gap."""

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, MetaData, Table, Text, Uuid


def connection_table(metadata: MetaData) -> Table:
    """Declare the table of a service that keeps connections."""
    return Table(
        "connection",
        metadata,
        Column("name", Text, primary_key=True),
        Column("desk", Text, nullable=False),
        Column("holder", Uuid),
        Column("held_until", DateTime(timezone=True)),
        Column("frames", BigInteger, nullable=False),  # stored so far
        Column("broken_at", DateTime(timezone=True)),
        CheckConstraint("(holder IS NULL) = (held_until IS NULL)", name="held"),
    )


CONNECTION_V1 = (
    """
CREATE TABLE connection (
    name text CONSTRAINT pk_connection PRIMARY KEY,
    desk text NOT NULL,
    holder uuid,
    held_until timestamptz,
    frames bigint NOT NULL,
    broken_at timestamptz,
    CONSTRAINT ck_connection_held CHECK ((holder IS NULL) = (held_until IS NULL))
)
""",
)
