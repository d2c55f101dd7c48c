"""What desks mask, as intake says."""

from alembic import op

revision = "tasks_0031"
down_revision = "tasks_0030"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE masking (
            desk text CONSTRAINT pk_masking PRIMARY KEY,
            lists boolean NOT NULL,
            sequence bigint NOT NULL
        )
        """
    )
