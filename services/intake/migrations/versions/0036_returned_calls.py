"""Since when a playbook calls buyers back; of none that the release before heard of is it known."""

from alembic import op

revision = "intake_0036"
down_revision = "intake_0035"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE active_playbook ADD COLUMN returns_calls_since timestamptz,
                                    ADD COLUMN returns_calls_sequence bigint
    """)
