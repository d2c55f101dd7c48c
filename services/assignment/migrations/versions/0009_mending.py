"""A pool says for how long a wrong outcome of its tasks may be mended."""

from alembic import op

revision = "assignment_0009"
down_revision = "assignment_0008"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE pool ADD COLUMN mend_within integer NOT NULL DEFAULT 15"
        " CONSTRAINT ck_pool_mend_within CHECK (mend_within BETWEEN 0 AND 1440)"
    )
