"""Providers are asked how messages are doing; the release before asks none."""

from alembic import op

from libs.common.connect.poll.tables import POLL_V1

revision = "notifications_0010"
down_revision = "notifications_0009"


def upgrade() -> None:
    op.execute("ALTER TABLE attempt ADD COLUMN IF NOT EXISTS ask_at timestamptz")
    with op.get_context().autocommit_block():
        op.execute(
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_attempt_ask ON attempt (channel_id, ask_at)"
            " WHERE ask_at IS NOT NULL"
        )
    for statement in POLL_V1:
        op.execute(statement)
