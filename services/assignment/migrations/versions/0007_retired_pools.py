"""A pool that is not used any more is retired; the release before knows none that are."""

from alembic import op

revision = "assignment_0007"
down_revision = "assignment_0006"


def upgrade() -> None:
    op.execute("ALTER TABLE pool ADD COLUMN active boolean NOT NULL DEFAULT true")
