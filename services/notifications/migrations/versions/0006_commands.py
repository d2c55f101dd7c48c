"""Attempts are commands, and callbacks hold what their provider's adapter has read in them.

The release before reads neither new column nor new state. It stores callbacks as before, and the worker reads them.
"""

from alembic import op

revision = "notifications_0006"
down_revision = "notifications_0005"

_ATTEMPT = (
    "ALTER TABLE attempt ADD COLUMN IF NOT EXISTS not_before timestamptz",
    "ALTER TABLE attempt ADD COLUMN IF NOT EXISTS reference text",
    "ALTER TABLE attempt DROP CONSTRAINT IF EXISTS ck_attempt_state",
    """
ALTER TABLE attempt ADD CONSTRAINT ck_attempt_state
CHECK (state IN ('pending', 'held', 'sending', 'waiting', 'accepted', 'refused', 'unknown')) NOT VALID
""",
    "ALTER TABLE attempt VALIDATE CONSTRAINT ck_attempt_state",
    """
ALTER TABLE attempt ADD CONSTRAINT ck_attempt_held CHECK (state <> 'held' OR not_before IS NOT NULL) NOT VALID
""",
    "ALTER TABLE attempt VALIDATE CONSTRAINT ck_attempt_held",
)
_READ = ("progress", "code", "reference", "address", "sender", "text")
_CALLBACK = (
    "ALTER TABLE callback DROP CONSTRAINT IF EXISTS ck_callback_kind",
    """
ALTER TABLE callback ADD CONSTRAINT ck_callback_kind
CHECK (kind IN ('status', 'echo', 'inbound', 'template', 'channel', 'preference')) NOT VALID
""",
    "ALTER TABLE callback VALIDATE CONSTRAINT ck_callback_kind",
    # What is still to be applied was stored in the words of the one provider that there was.
    """
UPDATE callback SET address = payload->>'chatId', sender = payload->>'channelId', text = payload->>'text'
WHERE state = 'new' AND kind = 'echo'
""",
)
_INDEXES = (
    "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_attempt_held ON attempt (not_before) WHERE state = 'held'",
    """
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_attempt_reference ON attempt (reference)
WHERE reference IS NOT NULL AND provider_message_id IS NULL
""",
)


def upgrade() -> None:
    for statement in _ATTEMPT:
        op.execute(statement)
    for column in _READ:
        op.execute(f"ALTER TABLE callback ADD COLUMN IF NOT EXISTS {column} text")
    for statement in _CALLBACK:
        op.execute(statement)
    with op.get_context().autocommit_block():
        for statement in _INDEXES:
            op.execute(statement)
