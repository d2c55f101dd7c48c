"""Shifts of a desk: needs and wishes, plans of months, swaps, hand-over and lateness.

The release before knows none of them. Work that it makes says no task type: it is no conversation at a hand-over.
"""

from alembic import op

revision = "assignment_0016"
down_revision = "assignment_0015"

_STATEMENTS = (
    "ALTER TABLE shift_kind ADD COLUMN needed jsonb NOT NULL DEFAULT '{}'",
    """
    ALTER TABLE planned_shift ADD COLUMN announced_at timestamptz, ADD COLUMN announced_by text,
        ADD COLUMN announcement text
    """,
    "ALTER TABLE work ADD COLUMN task_type text",
    """
    CREATE TABLE attendance_rule (
        desk text CONSTRAINT pk_attendance_rule PRIMARY KEY,
        rules jsonb NOT NULL,
        since timestamptz NOT NULL
    )
    """,
    """
    CREATE TABLE wish (
        desk text NOT NULL,
        operator_id uuid NOT NULL CONSTRAINT fk_wish_operator_id REFERENCES operator (id),
        day date NOT NULL,
        shift text NOT NULL,
        wish text NOT NULL CONSTRAINT ck_wish_wish CHECK (wish IN ('prefer', 'can', 'cannot')),
        at timestamptz NOT NULL,
        CONSTRAINT pk_wish PRIMARY KEY (operator_id, desk, day, shift)
    )
    """,
    "CREATE INDEX ix_wish_desk ON wish (desk, day, operator_id, shift)",
    """
    CREATE TABLE month_plan (
        id uuid CONSTRAINT pk_month_plan PRIMARY KEY,
        desk text NOT NULL,
        month date NOT NULL CONSTRAINT ck_month_plan_month CHECK (extract(day FROM month) = 1),
        state text NOT NULL CONSTRAINT ck_month_plan_state CHECK (state IN ('draft', 'published', 'discarded')),
        places jsonb NOT NULL,
        version integer NOT NULL CONSTRAINT ck_month_plan_version CHECK (version > 0),
        created_at timestamptz NOT NULL,
        created_by text NOT NULL,
        published_at timestamptz,
        published_by text,
        CONSTRAINT ck_month_plan_published CHECK ((state = 'published') = (published_at IS NOT NULL))
    )
    """,
    "CREATE UNIQUE INDEX ix_month_plan_draft ON month_plan (desk, month) WHERE state = 'draft'",
    "CREATE INDEX ix_month_plan_desk ON month_plan (desk, month, id)",
    """
    CREATE TABLE swap (
        id uuid CONSTRAINT pk_swap PRIMARY KEY,
        desk text NOT NULL,
        from_operator_id uuid NOT NULL CONSTRAINT fk_swap_from_operator_id REFERENCES operator (id),
        to_operator_id uuid NOT NULL CONSTRAINT fk_swap_to_operator_id REFERENCES operator (id),
        planned_id uuid NOT NULL,
        in_return_id uuid,
        comment text,
        state text NOT NULL CONSTRAINT ck_swap_state
            CHECK (state IN ('asked', 'accepted', 'refused', 'withdrawn', 'expired')),
        expires_at timestamptz NOT NULL,
        version integer NOT NULL CONSTRAINT ck_swap_version CHECK (version > 0),
        created_at timestamptz NOT NULL,
        answered_at timestamptz,
        answered_by text,
        CONSTRAINT ck_swap_another CHECK (from_operator_id <> to_operator_id)
    )
    """,
    "CREATE INDEX ix_swap_asked ON swap (expires_at) WHERE state = 'asked'",
    "CREATE UNIQUE INDEX ix_swap_same ON swap (planned_id, to_operator_id) WHERE state = 'asked'",
    "CREATE INDEX ix_swap_desk ON swap (desk, id)",
    """
    CREATE TABLE lateness (
        id uuid CONSTRAINT pk_lateness PRIMARY KEY,
        desk text NOT NULL,
        operator_id uuid NOT NULL CONSTRAINT fk_lateness_operator_id REFERENCES operator (id),
        planned_id uuid NOT NULL,
        starts_at timestamptz NOT NULL,
        ends_at timestamptz NOT NULL,
        state text NOT NULL CONSTRAINT ck_lateness_state CHECK (state IN ('open', 'late', 'no_show')),
        minutes integer CONSTRAINT ck_lateness_minutes CHECK (minutes > 0),
        announced boolean NOT NULL,
        number integer,
        step text CONSTRAINT ck_lateness_step CHECK (step IN ('warning', 'fine')),
        amount numeric(14, 2),
        currency text,
        repeated boolean NOT NULL,
        settled_at timestamptz,
        excused_at timestamptz,
        excused_by text,
        excuse text,
        version integer NOT NULL CONSTRAINT ck_lateness_version CHECK (version > 0),
        CONSTRAINT uq_lateness_planned_id UNIQUE (planned_id),
        CONSTRAINT ck_lateness_settled CHECK ((state = 'open') = (settled_at IS NULL)),
        CONSTRAINT ck_lateness_fine CHECK ((step IS NOT DISTINCT FROM 'fine') = (amount IS NOT NULL)),
        CONSTRAINT ck_lateness_currency CHECK ((amount IS NULL) = (currency IS NULL)),
        CONSTRAINT ck_lateness_excused CHECK (num_nulls(excused_at, excused_by, excuse) IN (0, 3))
    )
    """,
    "CREATE INDEX ix_lateness_desk ON lateness (desk, starts_at, id)",
    "CREATE INDEX ix_lateness_operator_id ON lateness (operator_id, starts_at)",
    "CREATE INDEX ix_lateness_open ON lateness (starts_at) WHERE state = 'open'",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
