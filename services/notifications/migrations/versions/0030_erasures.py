"""Persons who are erased: what is still to go, and whose ids are never filled again."""

from alembic import op

from libs.common.platform.db.erasures_v1 import add_erasures_v1, add_retention_v1

revision = "notifications_0030"
down_revision = "notifications_0029"

_INDEX = """
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_callback_of_no_message ON callback (id) WHERE message_id IS NULL
"""


def upgrade() -> None:
    # First, so that the rest is one transaction that can be begun again.
    with op.get_context().autocommit_block():
        op.execute(_INDEX)
    add_erasures_v1()
    add_retention_v1()
