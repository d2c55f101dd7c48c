"""What became of each channel's calls and messages is counted by the minute, from its last resumption on."""

from alembic import op

revision = "notifications_0026"
down_revision = "notifications_0025"


def upgrade() -> None:
    op.execute("ALTER TABLE channel ADD COLUMN resumed_at timestamptz")
    op.execute(
        """
        CREATE TABLE channel_minute (
            channel_id uuid NOT NULL CONSTRAINT fk_channel_minute_channel_id REFERENCES channel (id),
            minute timestamptz NOT NULL,
            accepted integer NOT NULL DEFAULT 0,
            refused integer NOT NULL DEFAULT 0,
            unanswered integer NOT NULL DEFAULT 0,
            delivered integer NOT NULL DEFAULT 0,
            lost integer NOT NULL DEFAULT 0,
            heard integer NOT NULL DEFAULT 0,
            CONSTRAINT pk_channel_minute PRIMARY KEY (channel_id, minute)
        )
        """
    )
