"""The table of edits: one row for each change of a resource by its address."""

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Integer, MetaData, Table, Text, func
from sqlalchemy.dialects.postgresql import ARRAY


def edit_table(metadata: MetaData) -> Table:
    """Declare `edit`. Times are technical; what was changed is there by the names of the fields alone."""
    return Table(
        "edit",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
        Column("resource", Text, nullable=False),
        # The version that the caller had seen; NULL: the operation asks for none.
        Column("seen", Integer),
        Column("caller", Text, nullable=False),
        Column("operation", Text, nullable=False),
        Column("fields", ARRAY(Text), nullable=False),
        Index("ix_edit_resource", "resource", "id"),
    )
