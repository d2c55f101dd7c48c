"""The projection of rates: what one unit of a currency costs from a day on, of a desk or official (`*`)."""

from sqlalchemy import BigInteger, Column, Date, Numeric, Table, Text

from services.tasks.metadata import metadata

rate = Table(
    "rate",
    metadata,
    Column("desk", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("base", Text, nullable=False),
    Column("per_unit", Numeric(18, 9), nullable=False),
    Column("holds_until", Date, nullable=False),
    Column("sequence", BigInteger, nullable=False),  # of the event that said so: the newest wins
)
