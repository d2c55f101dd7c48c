"""Versions of playbooks as posted, and the version that each desk has activated."""

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, ForeignKeyConstraint, Integer, Table, Text

from services.tasks.metadata import metadata

# `desk` owns a version; `*` is the library shared by all desks.
playbook = Table(
    "playbook",
    metadata,
    Column("code", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("title_ru", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("created_by", Text, nullable=False),
    CheckConstraint("version > 0", name="version"),
)

activation = Table(
    "playbook_activation",
    metadata,
    Column("desk", Text, ForeignKey("desk.desk"), primary_key=True),
    Column("code", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("activated_at", DateTime(timezone=True), nullable=False),
    Column("activated_by", Text, nullable=False),
    # The version that was published; an earlier release leaves it behind.
    Column("announced_version", Integer),
    # The version that was published with all that is said of it now; the release before leaves it behind.
    Column("announced_whole", Integer),
    ForeignKeyConstraint(["code", "version"], ["playbook.code", "playbook.version"]),
)
