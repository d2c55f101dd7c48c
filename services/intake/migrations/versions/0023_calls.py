"""A partner's card has links and telephone lines, operators extensions; a recording may come before its call."""

from alembic import op

revision = "intake_0023"
down_revision = "intake_0022"

_STATEMENTS = (
    """
    ALTER TABLE partner ADD COLUMN card_link text, ADD COLUMN cabinet_link text,
        ADD COLUMN lines jsonb NOT NULL DEFAULT '[]', ADD COLUMN announced_version bigint
    """,
    """
    CREATE TABLE early_recording (
        source_id uuid NOT NULL,
        external_id text NOT NULL,
        desk text NOT NULL,
        recording text NOT NULL,
        received_at timestamptz NOT NULL,
        CONSTRAINT pk_early_recording PRIMARY KEY (source_id, external_id)
    )
    """,
    "CREATE INDEX ix_early_recording_received_at ON early_recording (received_at)",
)


def upgrade() -> None:
    # First, so that the rest is one transaction that can be begun again.
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE operator ADD COLUMN IF NOT EXISTS extension text")
        op.execute(
            """
            CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_operator_extension ON operator (desk, extension)
            WHERE extension IS NOT NULL
            """
        )
    for statement in _STATEMENTS:
        op.execute(statement)
