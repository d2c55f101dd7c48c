"""The table of saved filters."""

from sqlalchemy import Boolean, Column, DateTime, Index, Integer, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB


def saved_filter_table(metadata: MetaData) -> Table:
    """Declare `saved_filter`: a name is unique among an owner's filters of a list at a desk."""
    return Table(
        "saved_filter",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("desk", Text, nullable=False),
        # `sub` of the token.
        Column("owner", Text, nullable=False),
        # The operation id of the list, such as `list_tasks`.
        Column("list", Text, nullable=False),
        Column("name", Text, nullable=False),
        Column("query", JSONB, nullable=False),  # parameter -> its values
        Column("shared", Boolean, nullable=False),
        Column("version", Integer, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False),
        Column("changed_at", DateTime(timezone=True), nullable=False),
        Index("uq_saved_filter_desk_owner_list_name", "desk", "owner", "list", "name", unique=True),
    )
