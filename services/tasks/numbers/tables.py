"""Numbers of people by day and by month (S4.7), and what a desk pays by conversion."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Date, DateTime, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from services.tasks.metadata import metadata
from services.tasks.numbers.rules import Measures

# A row per day and one per month, so that a year of 200 people is read from few of them. `operator_id` 0: nobody.
numbers = Table(
    "numbers",
    metadata,
    Column("desk", Text, primary_key=True),
    Column("span", Text, primary_key=True),
    Column("day", Date, primary_key=True),  # of the desk's zone; of a month the first
    Column("operator_id", Uuid, primary_key=True),
    Column("product", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    *(Column(name, BigInteger, nullable=False) for name in Measures._fields),
    CheckConstraint("span IN ('day', 'month')", name="span"),
    CheckConstraint("span = 'day' OR EXTRACT(day FROM day) = 1", name="first_of_month"),
)

# What a desk pays by conversion: parts, each from its first day on.
pay_table = Table(
    "pay_table",
    metadata,
    Column("desk", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("parts", JSONB, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("changed_by", Text, nullable=False),
    CheckConstraint("version > 0", name="version"),
)
