"""Messages can be withdrawn. The release before parks `message.withdrawn` with its key and stops nothing."""

from alembic import op

revision = "notifications_0012"
down_revision = "notifications_0011"

_STATEMENTS = (
    """
CREATE TABLE withdrawal (
    desk text NOT NULL,
    dedupe_key text NOT NULL,
    withdrawn_at timestamptz NOT NULL,
    CONSTRAINT pk_withdrawal PRIMARY KEY (desk, dedupe_key)
)
""",
    "ALTER TABLE message ADD COLUMN withdrawn_at timestamptz",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
    with op.get_context().autocommit_block():
        op.execute(
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_message_withdrawn ON message (id)"
            " WHERE withdrawn_at IS NOT NULL AND state = 'pending'"
        )
