"""A process keeps counts, charges and documents; the release before leaves them empty."""

from alembic import op

revision = "tasks_0013"
down_revision = "tasks_0012"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE process ADD COLUMN counts jsonb NOT NULL DEFAULT '{}',"
        " ADD COLUMN charges jsonb NOT NULL DEFAULT '[]', ADD COLUMN documents jsonb NOT NULL DEFAULT '[]'"
    )
