"""Work may be of no lead. The previous release writes `lead_id` always and no `key`: its work is of leads."""

from alembic import op

revision = "assignment_0003"
down_revision = "assignment_0002"


def upgrade() -> None:
    op.execute("ALTER TABLE work ALTER COLUMN lead_id DROP NOT NULL, ADD COLUMN key text")
    op.execute("ALTER TABLE decision ALTER COLUMN lead_id DROP NOT NULL")
