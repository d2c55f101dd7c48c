"""Feeds name the customer of a task. The release before names none, and lets dismissed operators read theirs."""

from alembic import op

revision = "notifications_0015"
down_revision = "notifications_0014"

_STATEMENTS = (
    "ALTER TABLE operator ADD COLUMN active boolean NOT NULL DEFAULT true",
    "ALTER TABLE feed_item ADD COLUMN person jsonb",
    "ALTER TABLE feed_item ADD COLUMN zone text",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
