"""What desks mask is published to the other services; what was said before is published by the worker."""

from alembic import op

revision = "intake_0032"
down_revision = "intake_0031"


def upgrade() -> None:
    op.execute("ALTER TABLE masking ADD COLUMN published boolean")
