"""Operators have telephone extensions."""

from alembic import op

revision = "assignment_0014"
down_revision = "assignment_0013"


def upgrade() -> None:
    op.execute("ALTER TABLE operator ADD COLUMN extension text")
