"""Desks, playbooks, processes, tasks, timers and the timeline."""

from alembic import op

from libs.common.platform.db.baseline import create_messaging_v1

revision = "tasks_0001"
down_revision = None

_TABLES = (
    """
CREATE TABLE desk (
    desk TEXT NOT NULL,
    title_ru TEXT NOT NULL,
    title_en TEXT NOT NULL,
    zone TEXT NOT NULL,
    languages JSONB NOT NULL,
    calendar JSONB NOT NULL,
    version INTEGER NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_desk PRIMARY KEY (desk),
    CONSTRAINT ck_desk_version CHECK (version > 0),
    CONSTRAINT ck_desk_languages CHECK (jsonb_array_length(languages) > 0)
)
""",
    """
CREATE TABLE playbook (
    code TEXT NOT NULL,
    version INTEGER NOT NULL,
    desk TEXT NOT NULL,
    title_ru TEXT NOT NULL,
    title_en TEXT NOT NULL,
    source TEXT NOT NULL,
    created_at timestamptz NOT NULL,
    created_by TEXT NOT NULL,
    CONSTRAINT pk_playbook PRIMARY KEY (code, version),
    CONSTRAINT ck_playbook_version CHECK (version > 0)
)
""",
    """
CREATE TABLE playbook_activation (
    desk TEXT NOT NULL,
    code TEXT NOT NULL,
    version INTEGER NOT NULL,
    activated_at timestamptz NOT NULL,
    activated_by TEXT NOT NULL,
    CONSTRAINT pk_playbook_activation PRIMARY KEY (desk, code),
    CONSTRAINT fk_playbook_activation_code_version FOREIGN KEY(code, version) REFERENCES playbook (code, version),
    CONSTRAINT fk_playbook_activation_desk FOREIGN KEY(desk) REFERENCES desk (desk)
)
""",
    """
CREATE TABLE operator (
    id UUID NOT NULL,
    desk TEXT NOT NULL,
    subject TEXT NOT NULL,
    name TEXT NOT NULL,
    active BOOLEAN NOT NULL,
    roles JSONB NOT NULL,
    desks JSONB NOT NULL,
    pools JSONB NOT NULL,
    products JSONB NOT NULL,
    sequence BIGINT NOT NULL,
    CONSTRAINT pk_operator PRIMARY KEY (id)
)
""",
    """
CREATE TABLE process (
    id UUID NOT NULL,
    desk TEXT NOT NULL,
    lead_id UUID NOT NULL,
    source TEXT NOT NULL,
    external_id TEXT NOT NULL,
    order_number TEXT NOT NULL,
    playbook TEXT NOT NULL,
    playbook_version INTEGER NOT NULL,
    status TEXT,
    stage TEXT,
    owner_id UUID,
    owner_name TEXT,
    opened INTEGER NOT NULL,
    breaches INTEGER NOT NULL,
    attempts JSONB NOT NULL,
    messages JSONB NOT NULL,
    facts JSONB NOT NULL,
    person JSONB NOT NULL,
    correlation_id UUID NOT NULL,
    traceparent TEXT,
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    CONSTRAINT pk_process PRIMARY KEY (id),
    CONSTRAINT ck_process_whole_owner CHECK ((owner_id IS NULL) = (owner_name IS NULL)),
    CONSTRAINT ck_process_whole_status CHECK ((status IS NULL) = (stage IS NULL)),
    CONSTRAINT ck_process_counters CHECK (opened >= 0 AND breaches >= 0),
    CONSTRAINT uq_process_lead_id UNIQUE (lead_id)
) WITH (fillfactor = 80)
""",
    """
CREATE TABLE task (
    id UUID NOT NULL,
    desk TEXT NOT NULL,
    process_id UUID NOT NULL,
    lead_id UUID NOT NULL,
    order_number TEXT NOT NULL,
    playbook TEXT NOT NULL,
    playbook_version INTEGER NOT NULL,
    type TEXT NOT NULL,
    role TEXT NOT NULL,
    pool TEXT NOT NULL,
    mode TEXT NOT NULL,
    lane TEXT NOT NULL,
    rank INTEGER NOT NULL,
    important BOOLEAN NOT NULL,
    attempt INTEGER NOT NULL,
    products JSONB NOT NULL,
    received_at timestamptz NOT NULL,
    opened_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    offer_from timestamptz NOT NULL,
    rule TEXT NOT NULL,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    offered_at timestamptz,
    waiting BOOLEAN NOT NULL,
    operator_id UUID,
    decision_id UUID,
    assigned_at timestamptz,
    taken_at timestamptz,
    overdue BOOLEAN NOT NULL,
    outcome TEXT,
    comment TEXT,
    call_made BOOLEAN,
    problem TEXT,
    callback_at timestamptz,
    closed_at timestamptz,
    closed_by TEXT,
    closing_rule TEXT,
    successor_id UUID,
    CONSTRAINT pk_task PRIMARY KEY (id),
    CONSTRAINT ck_task_state CHECK (state IN ('active', 'deferred', 'completed', 'failed')),
    CONSTRAINT ck_task_mode CHECK (mode IN ('push', 'pull', 'mixed')),
    CONSTRAINT ck_task_offered_before_due CHECK (offer_from <= due_at),
    CONSTRAINT ck_task_counters CHECK (version > 0 AND attempt > 0),
    CONSTRAINT ck_task_deferred_has_successor CHECK ((state = 'deferred') = (successor_id IS NOT NULL)),
    CONSTRAINT ck_task_closed_by_somebody CHECK (
        (state <> 'active') = (closed_at IS NOT NULL AND closed_by IS NOT NULL AND closing_rule IS NOT NULL)
    ),
    CONSTRAINT ck_task_closed_in_words CHECK (
        state = 'active' OR (comment IS NOT NULL AND comment ~ '[^[:space:]]')
    ),
    CONSTRAINT ck_task_assigned_by_decision CHECK ((assigned_at IS NULL) = (decision_id IS NULL)),
    CONSTRAINT ck_task_taken_by_somebody CHECK (taken_at IS NULL OR operator_id IS NOT NULL),
    CONSTRAINT fk_task_process_id FOREIGN KEY(process_id) REFERENCES process (id)
) WITH (fillfactor = 80)
""",
    """
CREATE TABLE timer (
    process_id UUID NOT NULL,
    name TEXT NOT NULL,
    desk TEXT NOT NULL,
    kind TEXT NOT NULL,
    due_at timestamptz NOT NULL,
    task_id UUID,
    set_aside_at timestamptz,
    CONSTRAINT pk_timer PRIMARY KEY (process_id, name),
    CONSTRAINT ck_timer_kind CHECK (kind IN ('offer', 'due', 'playbook')),
    CONSTRAINT ck_timer_task CHECK ((kind = 'playbook') = (task_id IS NULL)),
    CONSTRAINT fk_timer_process_id FOREIGN KEY(process_id) REFERENCES process (id)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000)
""",
    """
CREATE TABLE timeline_entry (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    desk TEXT NOT NULL,
    lead_id UUID NOT NULL,
    event_id UUID NOT NULL,
    causation_id UUID,
    correlation_id UUID NOT NULL,
    owner TEXT NOT NULL,
    sequence BIGINT,
    time timestamptz NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    rule TEXT,
    task_id UUID,
    facts JSONB NOT NULL,
    CONSTRAINT pk_timeline_entry PRIMARY KEY (id)
)
""",
    """
CREATE TABLE lane_visit (
    operator_id UUID NOT NULL,
    desk TEXT NOT NULL,
    lane TEXT NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT pk_lane_visit PRIMARY KEY (operator_id, desk, lane)
)
""",
)

_INDEXES = (
    "CREATE INDEX ix_operator_subject ON operator (subject)",
    "CREATE INDEX ix_process_external ON process (desk, source, external_id)",
    """
CREATE INDEX ix_task_free ON task (desk, lane, important DESC, rank, due_at, id)
WHERE state = 'active' AND operator_id IS NULL
""",
    "CREATE INDEX ix_task_held ON task (operator_id, important DESC, rank, due_at, id) WHERE state = 'active'",
    "CREATE INDEX ix_task_lead_id ON task (lead_id)",
    "CREATE INDEX ix_task_list ON task (desk, opened_at, id)",
    "CREATE INDEX ix_task_process_id ON task (process_id)",
    "CREATE INDEX ix_task_version ON task (desk, playbook, playbook_version) WHERE state = 'active'",
    "CREATE INDEX ix_timer_due_at ON timer (due_at) WHERE set_aside_at IS NULL",
    "CREATE INDEX ix_timeline_entry_lead_id ON timeline_entry (lead_id)",
)

# A due time is a promise: nobody may move it (S2.8).
_DUE_AT_STAYS = (
    """
CREATE FUNCTION due_at_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.due_at IS DISTINCT FROM OLD.due_at THEN
        RAISE EXCEPTION 'the due time of task % is never edited', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$
""",
    "CREATE TRIGGER due_at_stays BEFORE UPDATE OF due_at ON task FOR EACH ROW EXECUTE FUNCTION due_at_stays()",
)


def upgrade() -> None:
    create_messaging_v1()
    for statement in (*_TABLES, *_INDEXES, *_DUE_AT_STAYS):
        op.execute(statement)
