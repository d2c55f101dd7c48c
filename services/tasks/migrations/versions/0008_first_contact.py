"""A task is reserved until its operator's first contact; the release before leaves both empty."""

from alembic import op

revision = "tasks_0008"
down_revision = "tasks_0007"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE task ADD COLUMN reserved_until timestamptz, ADD COLUMN contacted_at timestamptz,"
        " ADD COLUMN contacted_id uuid"
    )
