"""Rates of currencies."""

from alembic import op

revision = "tasks_0029"
down_revision = "tasks_0028"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE rate (
            desk text NOT NULL,
            currency text NOT NULL,
            day date NOT NULL,
            base text NOT NULL,
            per_unit numeric(18, 9) NOT NULL,
            holds_until date NOT NULL,
            sequence bigint NOT NULL,
            CONSTRAINT pk_rate PRIMARY KEY (desk, currency, day)
        )
        """
    )
