"""Decisions are listed by desk."""

from alembic import op

revision = "assignment_0008"
down_revision = "assignment_0007"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_decision_desk ON decision (desk, id)")
