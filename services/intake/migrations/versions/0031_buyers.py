"""What becomes of a message of one who has bought: it opens a lead, or is of the lead by which they bought.

The release before writes none of it: its sources open one, as before.
"""

from alembic import op

revision = "intake_0031"
down_revision = "intake_0030"


def upgrade() -> None:
    op.execute("ALTER TABLE source ADD COLUMN keeps_buyers boolean")
