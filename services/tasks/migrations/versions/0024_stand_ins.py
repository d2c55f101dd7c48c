"""Whose a task was before a stand-in got it (S2.2), and until when an operator is absent and who deputises.

The release before goes on without: what it moves has no stand-ins.
"""

from alembic import op

revision = "tasks_0024"
down_revision = "tasks_0023"

_STATEMENTS = (
    "ALTER TABLE task ADD COLUMN original_id uuid",
    "ALTER TABLE redistribution ADD COLUMN for_good boolean NOT NULL DEFAULT false",
    "ALTER TABLE operator ADD COLUMN absent_until timestamptz, ADD COLUMN deputy_id uuid",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
