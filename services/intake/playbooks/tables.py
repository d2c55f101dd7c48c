"""Active playbooks as tasks publishes them: whether a source's playbook is one, and its first status."""

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from services.intake.metadata import metadata

active_playbook = Table(
    "active_playbook",
    metadata,
    Column("desk", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    # Of the event that said so: the newest wins.
    Column("sequence", BigInteger, nullable=False),
    # The status in which leads are born; none while unknown.
    Column("first_status", Text),
    Column("first_title", JSONB),
    Column("first_stage", Text),
    # Leads since then run under versions that call a buyer back whose call was missed; none while it does not.
    Column("returns_calls_since", DateTime(timezone=True)),
    # Of the event that said so. Where it is not the row's, the release before has written a version since: unknown.
    Column("returns_calls_sequence", BigInteger),
    CheckConstraint("num_nulls(first_status, first_title, first_stage) IN (0, 3)", name="first_status"),
)
