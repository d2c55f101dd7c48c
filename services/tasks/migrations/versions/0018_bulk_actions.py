"""Bulk actions over tasks, with their members: the plan, then the receipt."""

from alembic import op

revision = "tasks_0018"
down_revision = "tasks_0017"

_STATEMENTS = (
    """
    CREATE TABLE bulk_action (
        id uuid CONSTRAINT pk_bulk_action PRIMARY KEY,
        desk text NOT NULL,
        action text NOT NULL,
        details jsonb NOT NULL,
        filter jsonb NOT NULL,
        "left" jsonb NOT NULL,
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
        CONSTRAINT ck_bulk_action_action CHECK (action IN ('end', 'assign', 'release')),
        CONSTRAINT ck_bulk_action_state CHECK (state IN ('planned', 'applying', 'applied', 'undoing', 'undone'))
    )
    """,
    "CREATE INDEX ix_bulk_action_desk ON bulk_action (desk, id)",
    "CREATE INDEX ix_bulk_action_under_way ON bulk_action (id) WHERE state IN ('applying', 'undoing')",
    """
    CREATE TABLE bulk_member (
        bulk_action_id uuid NOT NULL
            CONSTRAINT fk_bulk_member_bulk_action_id REFERENCES bulk_action (id),
        position integer NOT NULL,
        desk text NOT NULL,
        process_id uuid NOT NULL CONSTRAINT fk_bulk_member_process_id REFERENCES process (id),
        lead_id uuid,
        order_number text,
        task_id uuid NOT NULL,
        task_type text NOT NULL,
        task_version integer NOT NULL,
        from_id uuid,
        state text NOT NULL,
        note text,
        done_version integer,
        opened integer,
        deed jsonb,
        CONSTRAINT pk_bulk_member PRIMARY KEY (bulk_action_id, position),
        CONSTRAINT ck_bulk_member_state
            CHECK (state IN ('planned', 'stays', 'done', 'changed', 'taken_back', 'kept'))
    )
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
