"""Operators as assignment tells of them: whose token is whose, so that people see their own work (P.6)."""

from sqlalchemy import BigInteger, Column, Index, Table, Text, Uuid

from services.intake.metadata import metadata

operator = Table(
    "operator",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    # The `sub` of their token.
    Column("subject", Text, nullable=False),
    # Of the event that said so: the newest wins.
    Column("sequence", BigInteger, nullable=False),
    Index("ix_operator_subject", "subject"),
)
