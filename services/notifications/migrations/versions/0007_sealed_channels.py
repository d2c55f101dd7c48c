"""A channel's configuration is its provider's own; its secrets are sealed. No constraint lists providers.

The release before goes on with `api_key` and `provider_channel_id`: the worker seals what stands there, and
wipes it once no process of that release runs any more.
"""

from alembic import op

revision = "notifications_0007"
down_revision = "notifications_0006"

_STATEMENTS = (
    "ALTER TABLE channel ADD COLUMN IF NOT EXISTS config jsonb",
    "ALTER TABLE channel ADD COLUMN IF NOT EXISTS secrets text",
    "ALTER TABLE channel ALTER COLUMN api_key SET DEFAULT ''",
    "ALTER TABLE channel DROP CONSTRAINT IF EXISTS ck_channel_provider",
    "ALTER TABLE channel DROP CONSTRAINT IF EXISTS ck_channel_kind",
    """
ALTER TABLE channel ADD CONSTRAINT ck_channel_kind
CHECK (kind IN ('whatsapp', 'sms', 'email', 'push', 'max', 'telegram', 'instagram', 'team')) NOT VALID
""",
    "ALTER TABLE channel VALIDATE CONSTRAINT ck_channel_kind",
    """
ALTER TABLE channel ADD CONSTRAINT ck_channel_sealed
CHECK ((config IS NULL) = (secrets IS NULL) AND (secrets IS NOT NULL OR api_key <> '')) NOT VALID
""",
    "ALTER TABLE channel VALIDATE CONSTRAINT ck_channel_sealed",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
