"""Partners have a consultant, who minds their card; the release before leaves it empty."""

from alembic import op

revision = "tasks_0012"
down_revision = "tasks_0011"


def upgrade() -> None:
    op.execute("ALTER TABLE partner ADD COLUMN consultant_id uuid")
