"""The table of the audit log: one row for each answer that gave personal data out, never changed."""

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Integer, MetaData, Table, Text, func
from sqlalchemy.dialects.postgresql import ARRAY


def audit_table(metadata: MetaData) -> Table:
    """Declare `audit`; a trigger of its migration refuses changes, and deletion before `sweep.LEAST_DAYS`."""
    return Table(
        "audit",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        # Technical time, on the database's clock.
        Column("at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
        Column("desks", ARRAY(Text), nullable=False),
        Column("caller", Text, nullable=False),
        Column("role", Text, nullable=False),
        Column("scope", Text, nullable=False),
        Column("operation", Text, nullable=False),
        Column("shown", Integer, nullable=False),
        Column("whose", ARRAY(Text), nullable=False),
        Index("ix_audit_caller", "caller", "id"),
        Index("ix_audit_whose", "whose", postgresql_using="gin"),
        Index("ix_audit_at", "at", postgresql_using="brin"),
    )
