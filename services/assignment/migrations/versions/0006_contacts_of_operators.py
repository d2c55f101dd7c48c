"""Operators have an address at which they are written to; the release before leaves it empty."""

from alembic import op

revision = "assignment_0006"
down_revision = "assignment_0005"


def upgrade() -> None:
    op.execute("ALTER TABLE operator ADD COLUMN contact jsonb")
