"""Messages to one address by one channel keep the interval that the provider asks for.

Attempts of the release before are not paced.
"""

from alembic import op

revision = "notifications_0033"
down_revision = "notifications_0032"

_PAIR = """
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_attempt_pair ON attempt (channel_id, address,
    (CASE WHEN state IN ('pending', 'sending') THEN 'infinity'::timestamptz ELSE offered_at END))
WHERE paced AND state <> 'refused'
"""


def upgrade() -> None:
    op.execute("ALTER TABLE attempt ADD COLUMN IF NOT EXISTS paced boolean NOT NULL DEFAULT false")
    with op.get_context().autocommit_block():
        op.execute(_PAIR)
