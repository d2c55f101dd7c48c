"""What waits for a person is raised once, and is a task; the desks of before are published once."""

from alembic import op

from libs.common.platform.db.attention_v1 import add_attention_v1

revision = "tasks_0022"
down_revision = "tasks_0021"

_MATTER = """
CREATE TABLE matter (
    desk text NOT NULL,
    service text NOT NULL,
    kind text NOT NULL,
    ref text NOT NULL,
    process_id uuid NOT NULL CONSTRAINT fk_matter_process_id REFERENCES process (id),
    CONSTRAINT pk_matter PRIMARY KEY (desk, service, kind, ref)
)
"""


def upgrade() -> None:
    add_attention_v1()
    op.execute(_MATTER)
    op.execute("ALTER TABLE desk ADD COLUMN announced_version integer, ADD COLUMN holidays jsonb")
