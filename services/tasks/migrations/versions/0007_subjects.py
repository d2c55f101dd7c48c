"""A process has a subject: a lead, with an order or without, or a customer, a partner, one of the staff.

The release before writes and reads rows of leads as ever: `subject_id` is empty where `lead_id` is the subject.
"""

from alembic import op

revision = "tasks_0007"
down_revision = "tasks_0006"

_KINDS = "subject_kind IN ('lead', 'customer', 'partner', 'staff')"
_ONE = "(lead_id IS NULL) <> (subject_id IS NULL) AND (lead_id IS NULL OR subject_kind = 'lead')"

# In the order in which the release before locks them. A repeat after a failure changes nothing.
_TABLES = (
    """
ALTER TABLE process
    ALTER COLUMN lead_id DROP NOT NULL, ALTER COLUMN source DROP NOT NULL,
    ADD COLUMN IF NOT EXISTS subject_kind text NOT NULL DEFAULT 'lead',
    ADD COLUMN IF NOT EXISTS subject_id uuid,
    ADD COLUMN IF NOT EXISTS customer_id uuid
""",
    """
ALTER TABLE task
    ALTER COLUMN lead_id DROP NOT NULL,
    ADD COLUMN IF NOT EXISTS subject_kind text NOT NULL DEFAULT 'lead',
    ADD COLUMN IF NOT EXISTS subject_id uuid,
    ADD COLUMN IF NOT EXISTS brief jsonb
""",
    """
ALTER TABLE timeline_entry
    ALTER COLUMN lead_id DROP NOT NULL,
    ADD COLUMN IF NOT EXISTS subject_kind text NOT NULL DEFAULT 'lead',
    ADD COLUMN IF NOT EXISTS subject_id uuid,
    ADD COLUMN IF NOT EXISTS process_id uuid
""",
)
_FANOUTS = (
    """
CREATE TABLE IF NOT EXISTS fanout (
    number BIGINT GENERATED ALWAYS AS IDENTITY,
    desk TEXT NOT NULL,
    event_id UUID NOT NULL,
    type TEXT NOT NULL,
    key TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    time timestamptz NOT NULL,
    correlation_id UUID NOT NULL,
    causation_id UUID,
    traceparent TEXT,
    body BYTEA NOT NULL,
    until_id UUID NOT NULL,
    after_id UUID,
    spread_at timestamptz,
    CONSTRAINT pk_fanout PRIMARY KEY (number)
)
""",
    """
CREATE TABLE IF NOT EXISTS fanout_command (
    fanout BIGINT NOT NULL,
    process_id UUID NOT NULL,
    desk TEXT NOT NULL,
    set_aside_at timestamptz,
    CONSTRAINT pk_fanout_command PRIMARY KEY (fanout, process_id),
    CONSTRAINT fk_fanout_command_fanout FOREIGN KEY(fanout) REFERENCES fanout (number),
    CONSTRAINT fk_fanout_command_process_id FOREIGN KEY(process_id) REFERENCES process (id)
)
""",
    "CREATE INDEX IF NOT EXISTS ix_fanout_key ON fanout (key, number)",
    "CREATE INDEX IF NOT EXISTS ix_fanout_command_process_id ON fanout_command (process_id, fanout)",
)
_CHECKED = ("process", "task", "timeline_entry")
_INDEXES = (
    """
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS uq_process_live
ON process (desk, subject_kind, COALESCE(subject_id, lead_id), playbook)
WHERE ended_at IS NULL AND playbook <> 'free'
""",
    """
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_process_subject_id ON process (subject_id) WHERE subject_id IS NOT NULL
""",
    """
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_process_customer_id ON process (customer_id) WHERE ended_at IS NULL
""",
    """
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_process_number ON process (desk, order_number)
WHERE lead_id IS NOT NULL
""",
    """
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_timeline_entry_subject_id ON timeline_entry (subject_id)
WHERE subject_id IS NOT NULL
""",
)


def upgrade() -> None:
    for statement in (*_TABLES, *_FANOUTS):
        op.execute(statement)
    for table in _CHECKED:
        for name, rule in (("subject_kind", _KINDS), ("subject", _ONE)):
            op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS ck_{table}_{name}")
            op.execute(f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_{name} CHECK ({rule}) NOT VALID")
    with op.get_context().autocommit_block():
        for table in _CHECKED:
            op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT ck_{table}_subject_kind")
            op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT ck_{table}_subject")
        for statement in _INDEXES:
            op.execute(statement)
