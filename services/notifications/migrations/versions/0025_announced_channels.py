"""Channels are published, those of before once."""

from alembic import op

revision = "notifications_0025"
down_revision = "notifications_0024"


def upgrade() -> None:
    op.execute("ALTER TABLE channel ADD COLUMN announced_version integer")
