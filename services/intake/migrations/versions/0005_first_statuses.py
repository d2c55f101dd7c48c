"""Intake knows the first status of active playbooks: leads are born in it.

NULL where a playbook was activated before, until tasks publishes it once more.
"""

from alembic import op

revision = "intake_0005"
down_revision = "intake_0004"


def upgrade() -> None:
    op.execute("""
ALTER TABLE active_playbook
    ADD COLUMN first_status text, ADD COLUMN first_title jsonb, ADD COLUMN first_stage text,
    ADD CONSTRAINT ck_active_playbook_first_status
        CHECK (num_nulls(first_status, first_title, first_stage) IN (0, 3))
""")
