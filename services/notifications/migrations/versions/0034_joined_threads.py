"""Customers who are merged have one thread: those of merges before this are joined by the worker, once.

The release before shows each thread by itself.
"""

from alembic import op

revision = "notifications_0034"
down_revision = "notifications_0033"


def upgrade() -> None:
    op.execute("ALTER TABLE merged_customer ADD COLUMN joined boolean NOT NULL DEFAULT false")
