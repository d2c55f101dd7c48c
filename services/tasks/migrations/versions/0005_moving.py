"""What moves work between operators: where they are, and what their pools say."""

from alembic import op

revision = "tasks_0005"
down_revision = "tasks_0004"

_STATEMENTS = (
    """
ALTER TABLE operator ADD COLUMN presence text, ADD COLUMN away boolean NOT NULL DEFAULT false,
    ADD COLUMN version integer NOT NULL DEFAULT 0
""",
    """
CREATE TABLE pool (
    id uuid CONSTRAINT pk_pool PRIMARY KEY,
    desk text NOT NULL,
    code text NOT NULL,
    off_shift_pull boolean NOT NULL,
    taken_work text NOT NULL,
    sequence bigint NOT NULL,
    CONSTRAINT uq_pool_desk_code UNIQUE (desk, code)
)
""",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
