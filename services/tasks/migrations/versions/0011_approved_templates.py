"""Templates that desks may use; the release before knows nothing of them.

A stored text that today's reader of playbooks cannot read stops the upgrade before anything runs on it.
"""

from alembic import op
from sqlalchemy import text

from services.tasks.playbooks.stored import unreadable

revision = "tasks_0011"
down_revision = "tasks_0010"


def upgrade() -> None:
    rows = op.get_bind().execute(text("SELECT code, version, source FROM playbook ORDER BY code, version"))
    if found := list(unreadable((row.code, row.version, row.source) for row in rows)):
        raise ValueError(f"texts of playbooks that cannot be read: {'. '.join(found)}")
    op.execute(
        "CREATE TABLE approved_template (desk text NOT NULL, code text NOT NULL,"
        " CONSTRAINT pk_approved_template PRIMARY KEY (desk, code))"
    )
