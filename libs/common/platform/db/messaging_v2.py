"""What each service's second migration adds to its messaging tables: frozen, never edited once released."""

from alembic import op

_COLUMN = "ALTER TABLE parked ADD COLUMN IF NOT EXISTS waits_for text"
_INDEX = """
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_parked_waits_for ON parked (waits_for)
WHERE state = 'failed' AND waits_for IS NOT NULL
"""


def add_messaging_v2() -> None:
    """Let a parked event say what it waits for; the previous release goes on without the column."""
    op.execute(_COLUMN)
    with op.get_context().autocommit_block():
        op.execute(_INDEX)
