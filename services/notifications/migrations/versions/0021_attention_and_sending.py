"""What waits for a person is raised once; desks have quiet hours, and say how often they advertise.

Templates that were approved before are published once.
"""

from alembic import op

from libs.common.platform.db.attention_v1 import add_attention_v1

revision = "notifications_0021"
down_revision = "notifications_0020"

_SENDING = """
CREATE TABLE sending (
    desk text CONSTRAINT pk_sending PRIMARY KEY,
    quiet_starts time,
    quiet_ends time,
    marketing_quiet_starts time,
    marketing_quiet_ends time,
    marketing_a_week integer CONSTRAINT ck_sending_marketing_a_week CHECK (marketing_a_week >= 0),
    CONSTRAINT ck_sending_quiet CHECK ((quiet_starts IS NULL) = (quiet_ends IS NULL)),
    CONSTRAINT ck_sending_marketing_quiet
        CHECK ((marketing_quiet_starts IS NULL) = (marketing_quiet_ends IS NULL))
)
"""
_NIGHT = """
ALTER TABLE message ADD COLUMN IF NOT EXISTS night jsonb,
    ADD COLUMN IF NOT EXISTS marketing boolean NOT NULL DEFAULT false
"""
_MARKETING = """
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_message_marketing ON message (desk, address, requested_at)
WHERE marketing
"""


def upgrade() -> None:
    add_attention_v1()
    op.execute(_SENDING)
    op.execute(_NIGHT)
    op.execute("ALTER TABLE template ADD COLUMN IF NOT EXISTS announced_at timestamptz")
    with op.get_context().autocommit_block():
        op.execute(_MARKETING)
