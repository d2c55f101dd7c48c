"""A source's configuration is its format's document, and no CHECK lists the formats.

The previous release goes on with its columns: what it makes has no document, what it changes counts.
"""

from alembic import op

revision = "intake_0007"
down_revision = "intake_0006"

_STATEMENTS = (
    "ALTER TABLE source ADD COLUMN config jsonb, DROP CONSTRAINT ck_source_format",
    """
UPDATE source
SET config = jsonb_build_object('format', format, 'auth', auth, 'currency', currency, 'field_map', field_map,
                                'status_map', status_map, 'response', response)
""",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
