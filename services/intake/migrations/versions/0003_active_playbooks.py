"""Intake knows which playbooks are active on which desk."""

from alembic import op

revision = "intake_0003"
down_revision = "intake_0002"


def upgrade() -> None:
    op.execute("""
CREATE TABLE active_playbook (
    desk text NOT NULL,
    code text NOT NULL,
    version integer NOT NULL,
    sequence bigint NOT NULL,
    CONSTRAINT pk_active_playbook PRIMARY KEY (desk, code)
)
""")
