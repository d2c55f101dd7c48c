"""What moves work between operators: where they are, and what their pools say."""

from alembic import op

revision = "tasks_0006"
down_revision = "tasks_0005"

_INDEX = """
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_process_owner_id ON process (owner_id) WHERE ended_at IS NULL
"""
_STATEMENTS = (
    """
ALTER TABLE operator ADD COLUMN presence text, ADD COLUMN away boolean NOT NULL DEFAULT false,
    ADD COLUMN version integer NOT NULL DEFAULT 0
""",
    """
ALTER TABLE task ADD COLUMN held_since timestamptz, ADD COLUMN avoid_id uuid, ADD COLUMN lender_id uuid,
    ADD COLUMN lent_until timestamptz, ADD COLUMN among jsonb
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
CREATE TABLE redistribution (
    id uuid CONSTRAINT pk_redistribution PRIMARY KEY,
    desk text NOT NULL,
    from_id uuid NOT NULL,
    from_name text NOT NULL,
    targets jsonb NOT NULL,
    filter jsonb NOT NULL,
    comment text NOT NULL,
    state text NOT NULL,
    planned_at timestamptz NOT NULL,
    planned_by text NOT NULL,
    applied_at timestamptz,
    applied_by text,
    undone_at timestamptz,
    undone_by text,
    correlation_id uuid NOT NULL,
    traceparent text,
    version integer NOT NULL,
    CONSTRAINT ck_redistribution_state CHECK (state IN ('planned', 'applying', 'applied', 'undoing', 'undone')),
    CONSTRAINT ck_redistribution_applied_at_a_time CHECK ((state = 'planned') = (applied_at IS NULL)),
    CONSTRAINT ck_redistribution_undone_at_a_time CHECK (
        (state IN ('undoing', 'undone')) = (undone_at IS NOT NULL)
    )
)
""",
    "CREATE INDEX ix_redistribution_desk ON redistribution (desk, id)",
    "CREATE INDEX ix_redistribution_under_way ON redistribution (id) WHERE state IN ('applying', 'undoing')",
    """
CREATE TABLE redistribution_member (
    redistribution_id uuid NOT NULL CONSTRAINT fk_redistribution_member_redistribution_id
        REFERENCES redistribution (id),
    position integer NOT NULL,
    desk text NOT NULL,
    lead_id uuid,
    order_number text,
    process_id uuid NOT NULL CONSTRAINT fk_redistribution_member_process_id REFERENCES process (id),
    moves_owner boolean NOT NULL,
    owner_version integer NOT NULL,
    task_id uuid,
    task_type text,
    task_version integer,
    taken boolean NOT NULL,
    to_id uuid,
    to_name text,
    state text NOT NULL,
    note text,
    moved_owner_version integer,
    CONSTRAINT pk_redistribution_member PRIMARY KEY (redistribution_id, position),
    CONSTRAINT ck_redistribution_member_state CHECK (
        state IN ('planned', 'stays', 'asked', 'moved', 'no_room', 'changed', 'returned', 'kept')
    ),
    CONSTRAINT ck_redistribution_member_whole_task CHECK (
        num_nulls(task_id, task_type, task_version) IN (0, 3)
    )
)
""",
    "CREATE INDEX ix_redistribution_member_asked ON redistribution_member (task_id) WHERE state = 'asked'",
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
    with op.get_context().autocommit_block():
        op.execute(_INDEX)
    for statement in _STATEMENTS:
        op.execute(statement)
