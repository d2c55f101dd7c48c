"""Intake hears of channels, so that a source names one that there is."""

from alembic import op

revision = "intake_0021"
down_revision = "intake_0020"

_STATEMENTS = (
    """
    CREATE TABLE known_channel (
        channel_id uuid CONSTRAINT pk_known_channel PRIMARY KEY,
        desk text NOT NULL,
        code text NOT NULL,
        active boolean NOT NULL,
        sequence bigint NOT NULL
    )
    """,
    "CREATE INDEX ix_known_channel_desk ON known_channel (desk, code)",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
