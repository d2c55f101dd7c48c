"""Files of received messages, which are fetched into a store of objects."""

from alembic import op

revision = "notifications_0031"
down_revision = "notifications_0030"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE media (
            id uuid CONSTRAINT pk_media PRIMARY KEY,
            desk text NOT NULL,
            message_id uuid NOT NULL CONSTRAINT fk_media_message_id REFERENCES received_message (id),
            number smallint NOT NULL,
            kind text NOT NULL,
            state text NOT NULL,
            reference jsonb,
            name text,
            type text,
            size integer,
            sha256 text,
            code text,
            attempts smallint NOT NULL DEFAULT 0,
            lease_token uuid,
            due_at timestamptz NOT NULL,
            received_at timestamptz NOT NULL,
            CONSTRAINT ck_media_kind CHECK (kind IN ('image', 'video', 'voice', 'audio', 'sticker', 'document')),
            CONSTRAINT ck_media_state CHECK (state IN ('waiting', 'stored', 'refused', 'gone')),
            CONSTRAINT ck_media_reference CHECK ((state = 'waiting') = (reference IS NOT NULL)),
            CONSTRAINT ck_media_stored CHECK (
                (state = 'stored') = (type IS NOT NULL AND size IS NOT NULL AND sha256 IS NOT NULL)
            ),
            CONSTRAINT ck_media_refused CHECK (state <> 'refused' OR code IS NOT NULL)
        )
        """
    )
    op.execute("CREATE UNIQUE INDEX uq_media_message_id_number ON media (message_id, number)")
    op.execute("CREATE INDEX ix_media_due_at ON media (due_at) WHERE state IN ('waiting', 'gone')")
