"""Whose a conversation is that was handed over at the end of a shift.

The release before lets its owner hear of it, as ever.
"""

from alembic import op

revision = "notifications_0037"
down_revision = "notifications_0036"


def upgrade() -> None:
    op.execute("ALTER TABLE lead_operator ADD COLUMN heir boolean NOT NULL DEFAULT false")
