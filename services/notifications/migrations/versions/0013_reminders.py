"""Feeds have reminders of tasks. The release before parks `task.reminded` with its key."""

from alembic import op

revision = "notifications_0013"
down_revision = "notifications_0012"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE feed_item DROP CONSTRAINT ck_feed_item_kind, ADD CONSTRAINT ck_feed_item_kind"
        " CHECK (kind IN ('task_assigned', 'task_taken', 'task_reminded')) NOT VALID"
    )
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE feed_item VALIDATE CONSTRAINT ck_feed_item_kind")
