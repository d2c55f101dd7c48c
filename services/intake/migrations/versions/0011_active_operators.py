"""Operators who were dismissed are known; the release before leaves all active until their next change."""

from alembic import op

revision = "intake_0011"
down_revision = "intake_0010"


def upgrade() -> None:
    op.execute("ALTER TABLE operator ADD COLUMN active boolean NOT NULL DEFAULT true")
