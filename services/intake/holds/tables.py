"""When packages begin: no price of theirs is held beyond it (S4.17)."""

from sqlalchemy import Column, DateTime, Table, Text

from services.intake.metadata import metadata

package_start = Table(
    "package_start",
    metadata,
    Column("desk", Text, primary_key=True),
    # Of the order's line: its code, or its title where the source gives no code.
    Column("code", Text, primary_key=True),
    Column("starts_at", DateTime(timezone=True), nullable=False),
)
