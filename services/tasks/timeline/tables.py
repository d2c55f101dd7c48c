"""The timeline: a row per step of a lead or another subject, from every service (docs/adr/0006)."""

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import UserDefinedType

from services.tasks.metadata import metadata, subject_checks


class _Xid8(UserDefinedType[int]):
    """PostgreSQL's 64-bit id of a transaction."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


entry = Table(
    "timeline_entry",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("desk", Text, nullable=False),
    Column("lead_id", Uuid, index=True),
    Column("subject_kind", Text, nullable=False, server_default="lead"),
    Column("subject_id", Uuid),
    # None: the step of another service that several processes may have heard of.
    Column("process_id", Uuid),
    Column("event_id", Uuid, nullable=False),
    Column("causation_id", Uuid),
    Column("correlation_id", Uuid, nullable=False),
    Column("owner", Text, nullable=False),
    Column("sequence", BigInteger),
    Column("time", DateTime(timezone=True), nullable=False),
    Column("kind", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("rule", Text),
    Column("task_id", Uuid),
    Column("facts", JSONB, nullable=False),
    # By which transaction it was written, for who follows (docs/adr/0018); NULL: of a release before.
    Column("xid", _Xid8(), server_default=text("pg_current_xact_id()")),
    Index("ix_timeline_entry_subject_id", "subject_id", postgresql_where=text("subject_id IS NOT NULL")),
    Index("ix_timeline_entry_live", "xid", "id",
          postgresql_where=text("task_id IS NOT NULL AND xid IS NOT NULL")),
    *subject_checks(),
)  # fmt: skip
