"""Situations of templates, and the types of their placeholders."""

from alembic import op

revision = "notifications_0038"
down_revision = "notifications_0037"


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE template
            ADD COLUMN situation text,
            ADD COLUMN types jsonb NOT NULL DEFAULT '{}'
        """
    )
