"""The projection of operators compares sequences: their events may come by two topics during an upgrade."""

from alembic import op

revision = "notifications_0003"
down_revision = "notifications_0002"


def upgrade() -> None:
    op.execute("ALTER TABLE operator ADD COLUMN sequence bigint NOT NULL DEFAULT 0")
