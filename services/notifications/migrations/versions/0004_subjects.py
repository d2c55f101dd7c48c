"""A message or a task may be of no lead. The previous release writes `lead_id` always and no `key`: of leads."""

from alembic import op

revision = "notifications_0004"
down_revision = "notifications_0003"


def upgrade() -> None:
    op.execute("ALTER TABLE message ALTER COLUMN lead_id DROP NOT NULL, ADD COLUMN key text")
    op.execute("ALTER TABLE feed_item ALTER COLUMN lead_id DROP NOT NULL")
