"""The timeline can be followed: each step says by which transaction it was written. Streams have tickets.

Steps of earlier releases say nothing (NULL) and are not followed; the release before writes the default.
"""

from alembic import op

revision = "tasks_0020"
down_revision = "tasks_0019"

_STATEMENTS = (
    "ALTER TABLE timeline_entry ADD COLUMN xid xid8",
    # Apart: with the column it would be the same for all rows that are there.
    "ALTER TABLE timeline_entry ALTER COLUMN xid SET DEFAULT pg_current_xact_id()",
    """
CREATE TABLE stream_ticket (
    digest bytea CONSTRAINT pk_stream_ticket PRIMARY KEY,
    subject text NOT NULL,
    roles jsonb NOT NULL,
    desks jsonb NOT NULL,
    accepted_until double precision,
    issued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    used_at timestamptz
)
""",
    "CREATE INDEX ix_stream_ticket_issued_at ON stream_ticket (issued_at)",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
    with op.get_context().autocommit_block():
        op.execute(
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_timeline_entry_live ON timeline_entry (xid, id)"
            " WHERE task_id IS NOT NULL AND xid IS NOT NULL"
        )
