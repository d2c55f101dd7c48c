"""Second version of the messaging tables, for each service's second migration: frozen once released."""

from alembic import op

_COLUMN = "ALTER TABLE parked ADD COLUMN IF NOT EXISTS waits_for text"
_INDEX = """
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_parked_waits_for ON parked (waits_for)
WHERE state = 'failed' AND waits_for IS NOT NULL
"""


def add_messaging_v2() -> None:
    """Add the column that says what a parked event waits for; the previous release works without it."""
    op.execute(_COLUMN)
    with op.get_context().autocommit_block():
        op.execute(_INDEX)
