"""Operators have an address at which playbooks write to them; the release before leaves it empty."""

from alembic import op

revision = "tasks_0014"
down_revision = "tasks_0013"


def upgrade() -> None:
    op.execute("ALTER TABLE operator ADD COLUMN contact jsonb")
