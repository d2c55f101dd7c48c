"""How often a desk calls; none: as often as it wants."""

from sqlalchemy import CheckConstraint, Column, Integer, Table, Text

from services.intake.metadata import metadata

calling = Table(
    "calling",
    metadata,
    Column("desk", Text, primary_key=True),
    Column("calls_a_day", Integer),  # to one customer, by their clock
    CheckConstraint("calls_a_day > 0", name="calls_a_day"),
)
