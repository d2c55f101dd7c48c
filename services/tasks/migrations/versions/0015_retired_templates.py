"""Templates of desks can be retired. The release before counts a retired one among those that may be used."""

from alembic import op

revision = "tasks_0015"
down_revision = "tasks_0014"

_STATEMENTS = (
    "ALTER TABLE approved_template ADD COLUMN retired boolean NOT NULL DEFAULT false",
    "ALTER TABLE approved_template ADD COLUMN sequence bigint NOT NULL DEFAULT 0",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
