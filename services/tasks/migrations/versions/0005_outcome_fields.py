"""What outcomes fill in: kept with the task that they ended, and known to its process."""

from alembic import op

revision = "tasks_0005"
down_revision = "tasks_0004"


def upgrade() -> None:
    op.execute("ALTER TABLE process ADD COLUMN fields jsonb NOT NULL DEFAULT '{}'::jsonb")
    op.execute("ALTER TABLE task ADD COLUMN fields jsonb")
