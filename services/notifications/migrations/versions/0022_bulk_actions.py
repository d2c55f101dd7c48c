"""Messages are withdrawn by bulk actions; the release before goes on with none of them."""

from alembic import op

revision = "notifications_0022"
down_revision = "notifications_0021"

_STATEMENTS = (
    "ALTER TABLE message ADD COLUMN withdrawn_by text",
    """
    CREATE TABLE bulk_action (
        id uuid CONSTRAINT pk_bulk_action PRIMARY KEY,
        desk text NOT NULL,
        action text NOT NULL,
        filter jsonb NOT NULL,
        comment text NOT NULL,
        state text NOT NULL,
        planned_at timestamptz NOT NULL,
        planned_by text NOT NULL,
        applied_at timestamptz,
        applied_by text,
        undone_at timestamptz,
        undone_by text,
        version integer NOT NULL,
        CONSTRAINT ck_bulk_action_action CHECK (action IN ('withdraw')),
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
        message_id uuid NOT NULL CONSTRAINT fk_bulk_member_message_id REFERENCES message (id),
        lead_id uuid,
        purpose text NOT NULL,
        template text NOT NULL,
        channel text NOT NULL,
        state text NOT NULL,
        note text,
        CONSTRAINT pk_bulk_member PRIMARY KEY (bulk_action_id, position),
        CONSTRAINT ck_bulk_member_state
            CHECK (state IN ('planned', 'stays', 'done', 'changed', 'taken_back', 'kept'))
    )
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
