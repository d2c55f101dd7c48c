"""Active playbooks as tasks publishes them, so that a source shows whether its playbook is one of them."""

from sqlalchemy import BigInteger, Column, Integer, Table, Text

from services.intake.metadata import metadata

active_playbook = Table(
    "active_playbook",
    metadata,
    Column("desk", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    # Of the event that said so: the newest wins.
    Column("sequence", BigInteger, nullable=False),
)
