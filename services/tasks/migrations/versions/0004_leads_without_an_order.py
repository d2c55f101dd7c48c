"""A lead may have no order: a call or a message. The previous release knows none, and so writes both columns.

Active playbooks are published once more, by the worker: intake keeps their first status only since this release.
"""

from alembic import op

revision = "tasks_0004"
down_revision = "tasks_0003"


def upgrade() -> None:
    op.execute("ALTER TABLE process ALTER COLUMN external_id DROP NOT NULL")
    op.execute("ALTER TABLE process ALTER COLUMN order_number DROP NOT NULL")
    op.execute("UPDATE playbook_activation SET announced_version = NULL")
    op.execute("ALTER TABLE task ALTER COLUMN order_number DROP NOT NULL")
