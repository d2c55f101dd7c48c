"""Leads are found by the source's own number and id of their order, without naming desk and source."""

from alembic import op

revision = "tasks_0016"
down_revision = "tasks_0015"

_STATEMENTS = (
    "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_process_external_id ON process (external_id, source, desk)",
    "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_process_external_number ON process ((facts ->> 'external_number'))"
    " WHERE lead_id IS NOT NULL AND facts ->> 'external_number' IS NOT NULL",
    "DROP INDEX CONCURRENTLY IF EXISTS ix_process_external",
)


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for statement in _STATEMENTS:
            op.execute(statement)
