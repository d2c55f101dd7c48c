"""Templates differ by kind of channel, and providers say what they hold of those that they know."""

from alembic import op

revision = "notifications_0009"
down_revision = "notifications_0008"

_STATEMENTS = (
    "ALTER TABLE template ADD COLUMN variants jsonb NOT NULL DEFAULT '{}'",
    "ALTER TABLE message ADD COLUMN parts jsonb",
    "ALTER TABLE message ADD COLUMN segments integer",
    """
CREATE TABLE registration (
    desk text NOT NULL,
    channel_id uuid NOT NULL CONSTRAINT fk_registration_channel_id REFERENCES channel (id),
    name text NOT NULL,
    language text NOT NULL,
    state text NOT NULL,
    usable boolean NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT pk_registration PRIMARY KEY (channel_id, name, language)
)
""",
    "CREATE INDEX ix_registration_desk_name ON registration (desk, name)",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
