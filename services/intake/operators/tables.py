"""Operators as assignment publishes them: the subject of each token, so that operators see their own work (P.6)."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY

from services.intake.metadata import metadata

operator = Table(
    "operator",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    # The `sub` of their token.
    Column("subject", Text, nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    # Of the last event: an older one changes nothing.
    Column("sequence", BigInteger, nullable=False),
    # Their telephone at the exchange; several may share one.
    Column("extension", Text),
    # NULL: nothing was heard of them since the release before.
    Column("name", Text),
    # As assignment names them; None: not said since this release.
    Column("roles", ARRAY(Text)),
    Index("ix_operator_subject", "subject"),
    Index("ix_operator_extension", "desk", "extension", postgresql_where=text("extension IS NOT NULL")),
)
