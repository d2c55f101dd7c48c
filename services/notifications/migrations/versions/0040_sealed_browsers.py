"""Keys of browsers are sealed; those that are there are sealed by the worker, and by the rotation of keys."""

from alembic import op

revision = "notifications_0040"
down_revision = "notifications_0039"


def upgrade() -> None:
    op.execute("ALTER TABLE push_subscription ADD COLUMN sealed text")
