"""A message goes from channel to channel. The release before knows the one that it is on, and fails it there."""

from alembic import op

revision = "notifications_0011"
down_revision = "notifications_0010"

_STATEMENTS = (
    "ALTER TABLE message ADD COLUMN rung integer NOT NULL DEFAULT 1",
    "ALTER TABLE message ADD COLUMN ahead jsonb NOT NULL DEFAULT '[]'",
    "ALTER TABLE message ADD COLUMN passed jsonb NOT NULL DEFAULT '[]'",
    "ALTER TABLE attempt ADD COLUMN rung integer NOT NULL DEFAULT 1",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
