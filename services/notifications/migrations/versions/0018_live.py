"""Feeds say what became of tasks: closed, moved away, overdue, released. Streams have tickets.

An API of the release before does not know these kinds: it is replaced before the worker that writes them.
"""

from alembic import op

revision = "notifications_0018"
down_revision = "notifications_0017"

_KINDS = (
    "'task_assigned', 'task_taken', 'task_reminded', 'task_closed', 'task_moved', 'task_overdue', 'task_released'"
)
_STATEMENTS = (
    "ALTER TABLE feed_item DROP CONSTRAINT ck_feed_item_kind,"
    f" ADD CONSTRAINT ck_feed_item_kind CHECK (kind IN ({_KINDS})) NOT VALID",
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
        op.execute("ALTER TABLE feed_item VALIDATE CONSTRAINT ck_feed_item_kind")
