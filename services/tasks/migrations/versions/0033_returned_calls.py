"""Active playbooks are published anew: whether they call buyers back. The release before does not write it."""

from alembic import op

revision = "tasks_0033"
down_revision = "tasks_0032"


def upgrade() -> None:
    op.execute("ALTER TABLE playbook_activation ADD COLUMN announced_whole integer")
