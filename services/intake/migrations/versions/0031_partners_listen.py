"""Partners who may listen to recordings of their own leads; the release before writes no such leave."""

from alembic import op

revision = "intake_0031"
down_revision = "intake_0030"


def upgrade() -> None:
    op.execute("ALTER TABLE partner ADD COLUMN listens boolean NOT NULL DEFAULT false")
