"""Whose department a proposed template comes from, and who heads it (S2.5).

The release before lets any supervisor approve it.
"""

from alembic import op

revision = "notifications_0028"
down_revision = "notifications_0027"

_STATEMENTS = (
    "ALTER TABLE template ADD COLUMN department text",
    "ALTER TABLE operator ADD COLUMN department text, ADD COLUMN heads jsonb NOT NULL DEFAULT '[]'",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
