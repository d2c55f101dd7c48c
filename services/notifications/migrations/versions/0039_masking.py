"""What desks mask, as intake says."""

from alembic import op

revision = "notifications_0039"
down_revision = "notifications_0038"


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
