"""Partners who may listen to recordings of their own leads; the release before writes no such leave."""

from alembic import op

revision = "intake_0033"
down_revision = "intake_0032"


def upgrade() -> None:
    op.execute("ALTER TABLE partner ADD COLUMN listens boolean NOT NULL DEFAULT false")
