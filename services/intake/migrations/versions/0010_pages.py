"""What a source says about the pages that post to it: how long the same content is a repeat, origins, thanks.

The previous release writes none of them: its sources have the usual window, no other origin and no thanks.
"""

from alembic import op

revision = "intake_0010"
down_revision = "intake_0009"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE source"
        " ADD COLUMN repeat_seconds integer, ADD COLUMN origins text[], ADD COLUMN thanks_url text"
    )
