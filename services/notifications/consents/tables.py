"""For what customers are not written to, as intake says: one who never withdrew has no row."""

from sqlalchemy import BigInteger, Boolean, Column, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

from services.notifications.metadata import metadata

consent = Table(
    "consent",
    metadata,
    Column("customer_id", Uuid, primary_key=True),  # each id of customers who are merged has a row of its own
    Column("desk", Text, nullable=False),
    Column("closed", ARRAY(Text), nullable=False),
    Column("listed", Boolean, nullable=False),  # on the desk's black list
    Column("sequence", BigInteger, nullable=False),  # of the event that said so: the newest wins
)
