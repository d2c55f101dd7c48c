"""A process knows its lead's payments, refund and access; desks are published anew, with their holidays."""

from alembic import op

revision = "tasks_0030"
down_revision = "tasks_0029"


def upgrade() -> None:
    op.execute("ALTER TABLE process ADD COLUMN dealings jsonb")
    # The release before does not write it: what it publishes goes without holidays, and is published anew.
    op.execute("ALTER TABLE desk ADD COLUMN announced_whole integer")
