"""An operator may say why they pause."""

from alembic import op

revision = "assignment_0010"
down_revision = "assignment_0009"


def upgrade() -> None:
    op.execute("ALTER TABLE operator ADD COLUMN pause_reason text")
    op.execute("ALTER TABLE presence_change ADD COLUMN reason text")
