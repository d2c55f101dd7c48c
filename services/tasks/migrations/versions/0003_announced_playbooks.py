"""An activation keeps the version that was published to the other services."""

from alembic import op

revision = "tasks_0003"
down_revision = "tasks_0002"


def upgrade() -> None:
    op.execute("ALTER TABLE playbook_activation ADD COLUMN announced_version integer")
