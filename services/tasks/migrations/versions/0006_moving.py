"""What moves work between operators: where they are, and what their pools say."""

from alembic import op

revision = "tasks_0006"
down_revision = "tasks_0005"

_STATEMENTS = (
    """
ALTER TABLE operator ADD COLUMN presence text, ADD COLUMN away boolean NOT NULL DEFAULT false,
    ADD COLUMN version integer NOT NULL DEFAULT 0
""",
    """
ALTER TABLE task ADD COLUMN held_since timestamptz, ADD COLUMN avoid_id uuid, ADD COLUMN lender_id uuid,
    ADD COLUMN lent_until timestamptz
""",
    "ALTER TABLE process ADD COLUMN owner_version integer NOT NULL DEFAULT 0",
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
    """
CREATE TABLE pending_release (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_pending_release PRIMARY KEY,
    desk text NOT NULL,
    process_id uuid NOT NULL CONSTRAINT fk_pending_release_process_id REFERENCES process (id),
    task_id uuid NOT NULL,
    operator_id uuid NOT NULL,
    untaken boolean NOT NULL,
    reason text NOT NULL,
    correlation_id uuid NOT NULL,
    causation_id uuid,
    traceparent text
)
""",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
