"""Tickets of streams as they are stored (`tickets`)."""

from sqlalchemy import Column, DateTime, Double, Index, LargeBinary, MetaData, Table, Text, func
from sqlalchemy.dialects.postgresql import JSONB


def stream_ticket_table(metadata: MetaData) -> Table:
    """Declare `stream_ticket`. Times are technical."""
    return Table(
        "stream_ticket",
        metadata,
        Column("digest", LargeBinary, primary_key=True),
        Column("subject", Text, nullable=False),
        Column("roles", JSONB, nullable=False),
        Column("desks", JSONB, nullable=False),
        Column("accepted_until", Double),  # Unix seconds
        Column("issued_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
        Column("used_at", DateTime(timezone=True)),
        Index("ix_stream_ticket_issued_at", "issued_at"),
    )
