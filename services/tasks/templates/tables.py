"""The projection of approved templates."""

from sqlalchemy import BigInteger, Boolean, Column, Table, Text, false, text

from services.tasks.metadata import metadata

approved_template = Table(
    "approved_template",
    metadata,
    Column("desk", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("retired", Boolean, nullable=False, server_default=false()),
    # Of the event that said so: the newest wins. Nought: of the release before.
    Column("sequence", BigInteger, nullable=False, server_default=text("0")),
)
