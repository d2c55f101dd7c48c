"""Templates can be retired. The release before goes on using those that are, until it is gone."""

from alembic import op

revision = "notifications_0014"
down_revision = "notifications_0013"

_STATEMENTS = (
    "ALTER TABLE template ADD COLUMN retired_by text",
    "ALTER TABLE template ADD COLUMN retired_at timestamptz",
    "ALTER TABLE template ADD CONSTRAINT ck_template_retirement"
    " CHECK ((retired_by IS NULL) = (retired_at IS NULL)) NOT VALID",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE template VALIDATE CONSTRAINT ck_template_retirement")
