"""Merges of leads are published once, those before this by the worker."""

from alembic import op

revision = "tasks_0027"
down_revision = "tasks_0026"


def upgrade() -> None:
    op.execute("ALTER TABLE merged ADD COLUMN announced boolean NOT NULL DEFAULT false")
