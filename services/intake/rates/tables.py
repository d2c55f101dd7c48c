"""Rates: one row per currency and day; of a desk, or official."""

from sqlalchemy import Boolean, CheckConstraint, Column, Date, DateTime, Numeric, Table, Text

from services.intake.metadata import metadata

rate = Table(
    "rate",
    metadata,
    Column("desk", Text, primary_key=True),  # '*': official, for all desks
    Column("currency", Text, primary_key=True),
    Column("day", Date, primary_key=True),  # from which it holds, by the bank's calendar
    Column("base", Text, nullable=False),
    Column("per_unit", Numeric(18, 9), nullable=False),  # of the base, for one unit of the currency
    Column("holds_until", Date, nullable=False),
    Column("actor", Text, nullable=False),  # who has set it; `system`: read at the bank
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("official", Boolean, nullable=False),
    CheckConstraint("per_unit > 0", name="per_unit"),
    CheckConstraint("holds_until >= day", name="holds"),
    CheckConstraint("official = (desk = '*')", name="official"),
)
