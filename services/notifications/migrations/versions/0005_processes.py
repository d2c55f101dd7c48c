"""A message knows the process that requested it. The previous release writes none: its messages are of leads."""

from alembic import op

revision = "notifications_0005"
down_revision = "notifications_0004"


def upgrade() -> None:
    op.execute("ALTER TABLE message ADD COLUMN process_id uuid")
