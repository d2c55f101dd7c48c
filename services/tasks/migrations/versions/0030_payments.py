"""A process knows its lead's payments, refund and access; desks are published anew, with their holidays."""

from alembic import op

revision = "tasks_0030"
down_revision = "tasks_0029"


def upgrade() -> None:
    op.execute("ALTER TABLE process ADD COLUMN dealings jsonb")
    op.execute("UPDATE desk SET announced_version = NULL")
