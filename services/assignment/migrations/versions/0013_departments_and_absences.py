"""Departments with heads, planned absences with deputies, pauses with limits, and work after a call.

The release before knows none of them: who is absent it offers work as if they were there.
"""

from alembic import op

revision = "assignment_0013"
down_revision = "assignment_0012"

_STATEMENTS = (
    """
    CREATE TABLE department (
        id uuid CONSTRAINT pk_department PRIMARY KEY,
        desk text NOT NULL,
        code text NOT NULL,
        title jsonb NOT NULL,
        head_id uuid CONSTRAINT fk_department_head_id REFERENCES operator (id),
        active boolean NOT NULL DEFAULT true,
        version integer NOT NULL CONSTRAINT ck_department_version CHECK (version > 0),
        created_at timestamptz NOT NULL,
        CONSTRAINT uq_department_desk_code UNIQUE (desk, code)
    )
    """,
    "CREATE INDEX ix_department_head_id ON department (head_id) WHERE head_id IS NOT NULL",
    """
    CREATE TABLE absence (
        id uuid CONSTRAINT pk_absence PRIMARY KEY,
        desk text NOT NULL,
        operator_id uuid NOT NULL CONSTRAINT fk_absence_operator_id REFERENCES operator (id),
        starts_at timestamptz NOT NULL,
        ends_at timestamptz NOT NULL,
        reason text NOT NULL,
        deputy_id uuid CONSTRAINT fk_absence_deputy_id REFERENCES operator (id),
        state text NOT NULL CONSTRAINT ck_absence_state
            CHECK (state IN ('planned', 'under_way', 'over', 'cancelled')),
        version integer NOT NULL CONSTRAINT ck_absence_version CHECK (version > 0),
        created_at timestamptz NOT NULL,
        created_by text NOT NULL,
        CONSTRAINT ck_absence_ends_after_start CHECK (ends_at > starts_at),
        CONSTRAINT ck_absence_another_deputises CHECK (deputy_id <> operator_id)
    )
    """,
    "CREATE INDEX ix_absence_operator_id ON absence (operator_id, starts_at)",
    "CREATE INDEX ix_absence_live ON absence (starts_at) WHERE state IN ('planned', 'under_way')",
    """
    ALTER TABLE operator ADD COLUMN department text, ADD COLUMN absent_until timestamptz,
        ADD COLUMN deputy_id uuid, ADD COLUMN after_call_until timestamptz
    """,
    """
    ALTER TABLE pool ADD COLUMN after_call integer NOT NULL DEFAULT 0
        CONSTRAINT ck_pool_after_call CHECK (after_call BETWEEN 0 AND 3600)
    """,
    """
    CREATE TABLE pause_reason (
        desk text NOT NULL,
        code text NOT NULL,
        title jsonb NOT NULL,
        paid boolean NOT NULL,
        minutes integer CONSTRAINT ck_pause_reason_minutes CHECK (minutes BETWEEN 1 AND 1440),
        shift_minutes integer CONSTRAINT ck_pause_reason_shift_minutes CHECK (shift_minutes BETWEEN 1 AND 1440),
        active boolean NOT NULL DEFAULT true,
        CONSTRAINT pk_pause_reason PRIMARY KEY (desk, code)
    )
    """,
    """
    CREATE TABLE pause (
        id uuid CONSTRAINT pk_pause PRIMARY KEY,
        desk text NOT NULL,
        operator_id uuid NOT NULL CONSTRAINT fk_pause_operator_id REFERENCES operator (id),
        reason text,
        started_at timestamptz NOT NULL,
        ended_at timestamptz,
        over_at timestamptz,
        CONSTRAINT ck_pause_ends_after_start CHECK (ended_at >= started_at)
    )
    """,
    "CREATE UNIQUE INDEX ix_pause_open ON pause (operator_id) WHERE ended_at IS NULL",
    "CREATE INDEX ix_pause_operator_id ON pause (operator_id, started_at)",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
