"""Operators, pools, shifts, work and decisions."""

from alembic import op

from libs.common.platform.db.baseline import create_messaging_v1

revision = "assignment_0001"
down_revision = None

_TABLES = (
    """
CREATE TABLE operator (
    id uuid CONSTRAINT pk_operator PRIMARY KEY,
    desk text NOT NULL,
    subject text NOT NULL CONSTRAINT uq_operator_subject UNIQUE,
    name text NOT NULL,
    roles text[] NOT NULL,
    desks text[] NOT NULL,
    products text[] NOT NULL,
    capacity integer NOT NULL CONSTRAINT ck_operator_capacity CHECK (capacity >= 0),
    open_work integer NOT NULL CONSTRAINT ck_operator_open_work CHECK (open_work >= 0),
    active boolean NOT NULL,
    presence text NOT NULL,
    presence_since timestamptz NOT NULL,
    version integer NOT NULL CONSTRAINT ck_operator_version CHECK (version > 0),
    created_at timestamptz NOT NULL,
    CONSTRAINT ck_operator_home_desk_is_one_of_desks CHECK (desk = ANY (desks)),
    CONSTRAINT ck_operator_presence CHECK (presence IN ('checked_out', 'checked_in', 'paused')),
    CONSTRAINT ck_operator_inactive_is_checked_out CHECK (active OR presence = 'checked_out')
) WITH (fillfactor = 80)
""",
    """
CREATE TABLE pool (
    id uuid CONSTRAINT pk_pool PRIMARY KEY,
    desk text NOT NULL,
    code text NOT NULL,
    title jsonb NOT NULL,
    role text NOT NULL,
    virtual_time bigint NOT NULL,
    turn bigint NOT NULL,
    version integer NOT NULL CONSTRAINT ck_pool_version CHECK (version > 0),
    created_at timestamptz NOT NULL,
    CONSTRAINT uq_pool_desk_code UNIQUE (desk, code),
    CONSTRAINT ck_pool_counters CHECK (virtual_time >= 0 AND turn >= 0)
) WITH (fillfactor = 50)
""",
    """
CREATE TABLE seat (
    pool_id uuid NOT NULL CONSTRAINT fk_seat_pool_id REFERENCES pool (id),
    operator_id uuid NOT NULL CONSTRAINT fk_seat_operator_id REFERENCES operator (id),
    desk text NOT NULL,
    weight integer NOT NULL CONSTRAINT ck_seat_weight CHECK (weight BETWEEN 1 AND 100),
    virtual_time bigint NOT NULL,
    floor bigint NOT NULL,
    eligible boolean NOT NULL,
    last_turn bigint NOT NULL,
    turns bigint NOT NULL,
    CONSTRAINT pk_seat PRIMARY KEY (pool_id, operator_id),
    CONSTRAINT ck_seat_virtual_time CHECK (floor >= 0 AND virtual_time >= floor),
    CONSTRAINT ck_seat_turns CHECK (turns >= 0 AND last_turn >= 0)
) WITH (fillfactor = 50)
""",
    """
CREATE TABLE shift (
    id uuid CONSTRAINT pk_shift PRIMARY KEY,
    desk text NOT NULL,
    operator_id uuid NOT NULL CONSTRAINT fk_shift_operator_id REFERENCES operator (id),
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    CONSTRAINT ck_shift_ends_after_start CHECK (ended_at >= started_at)
)
""",
    """
CREATE TABLE presence_change (
    id uuid CONSTRAINT pk_presence_change PRIMARY KEY,
    desk text NOT NULL,
    operator_id uuid NOT NULL CONSTRAINT fk_presence_change_operator_id REFERENCES operator (id),
    at timestamptz NOT NULL,
    presence text NOT NULL,
    actor text NOT NULL,
    CONSTRAINT ck_presence_change_presence CHECK (presence IN ('checked_out', 'checked_in', 'paused'))
)
""",
    """
CREATE TABLE work (
    task_id uuid CONSTRAINT pk_work PRIMARY KEY,
    desk text NOT NULL,
    lead_id uuid NOT NULL,
    state text NOT NULL,
    pool_id uuid CONSTRAINT fk_work_pool_id REFERENCES pool (id),
    task_version integer,
    role text,
    products text[],
    prefer_operator_id uuid,
    due_at timestamptz,
    requested_at timestamptz,
    correlation_id uuid,
    causation_id uuid,
    traceparent text,
    operator_id uuid CONSTRAINT fk_work_operator_id REFERENCES operator (id),
    decision_id uuid,
    turn_start bigint,
    turn_cost bigint,
    changed_at timestamptz NOT NULL,
    CONSTRAINT ck_work_state CHECK (state IN ('waiting', 'offered', 'held', 'returned', 'ended')),
    CONSTRAINT ck_work_open_has_operator CHECK ((state IN ('offered', 'held')) = (operator_id IS NOT NULL)),
    CONSTRAINT ck_work_offered_has_decision CHECK ((state = 'offered') = (decision_id IS NOT NULL)),
    CONSTRAINT ck_work_whole_offer CHECK (num_nulls(decision_id, turn_start, turn_cost) IN (0, 3)),
    CONSTRAINT ck_work_whole_request CHECK (
        num_nulls(pool_id, task_version, role, products, due_at, requested_at, correlation_id)
        IN (0, 7)
    ),
    CONSTRAINT ck_work_offered_was_requested CHECK (
        state NOT IN ('waiting', 'offered') OR pool_id IS NOT NULL
    )
) WITH (fillfactor = 80)
""",
    """
CREATE TABLE decision (
    id uuid CONSTRAINT pk_decision PRIMARY KEY,
    desk text NOT NULL,
    pool_id uuid NOT NULL CONSTRAINT fk_decision_pool_id REFERENCES pool (id),
    task_id uuid NOT NULL,
    lead_id uuid NOT NULL,
    task_version integer NOT NULL,
    operator_id uuid CONSTRAINT fk_decision_operator_id REFERENCES operator (id),
    reason text NOT NULL,
    candidates jsonb NOT NULL,
    at timestamptz NOT NULL,
    outcome text,
    outcome_reason text,
    outcome_at timestamptz,
    CONSTRAINT ck_decision_nobody_has_reason CHECK ((operator_id IS NULL) = (reason = 'nobody_eligible')),
    CONSTRAINT ck_decision_outcome CHECK (outcome IN ('confirmed', 'returned')),
    CONSTRAINT ck_decision_whole_outcome CHECK (num_nulls(outcome, outcome_reason, outcome_at) IN (0, 3)),
    CONSTRAINT ck_decision_outcome_of_proposal CHECK (outcome IS NULL OR operator_id IS NOT NULL)
) WITH (fillfactor = 80)
""",
)

_INDEXES = (
    "CREATE INDEX ix_seat_operator_id ON seat (operator_id)",
    "CREATE UNIQUE INDEX ix_shift_open ON shift (operator_id) WHERE ended_at IS NULL",
    "CREATE INDEX ix_shift_operator_id ON shift (operator_id, id)",
    "CREATE INDEX ix_presence_change_operator_id ON presence_change (operator_id, id)",
    "CREATE INDEX ix_work_waiting ON work (pool_id, due_at, requested_at, task_id) WHERE state = 'waiting'",
    "CREATE INDEX ix_work_operator_id ON work (operator_id) WHERE operator_id IS NOT NULL",
    "CREATE INDEX ix_decision_lead_id ON decision (lead_id, id)",
    "CREATE INDEX ix_decision_task_id ON decision (task_id, id)",
    "CREATE INDEX ix_decision_operator_id ON decision (operator_id, id)",
)


def upgrade() -> None:
    create_messaging_v1()
    for statement in (*_TABLES, *_INDEXES):
        op.execute(statement)
