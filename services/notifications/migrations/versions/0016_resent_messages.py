"""Messages whose template was not approved can be sent again. Those that failed at the release before cannot."""

from alembic import op

revision = "notifications_0016"
down_revision = "notifications_0015"

_STATEMENTS = (
    "ALTER TABLE message ADD COLUMN asked jsonb",
    "ALTER TABLE message ADD COLUMN resent_at timestamptz",
    "ALTER TABLE message ADD COLUMN resent_by text",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
