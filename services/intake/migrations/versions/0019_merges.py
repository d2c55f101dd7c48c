"""Customers and leads are merged: the loser names its winner, and a receipt keeps what is to be taken back.

The release before writes none of it and reads merged ones as they were.
"""

from alembic import op

revision = "intake_0019"
down_revision = "intake_0018"

_STATEMENTS = (
    "ALTER TABLE customer ADD COLUMN merged_into uuid",
    "ALTER TABLE lead ADD COLUMN merged_into uuid",
    """
CREATE TABLE merge (
    id uuid NOT NULL,
    desk text NOT NULL,
    kind text NOT NULL,
    reason text NOT NULL,
    state text NOT NULL,
    "left" jsonb NOT NULL,
    kept jsonb NOT NULL,
    between jsonb NOT NULL,
    planned_at timestamptz NOT NULL,
    planned_by text NOT NULL,
    applied_at timestamptz,
    applied_by text,
    undone_at timestamptz,
    undone_by text,
    version integer NOT NULL,
    CONSTRAINT pk_merge PRIMARY KEY (id),
    CONSTRAINT ck_merge_kind CHECK (kind IN ('customer', 'lead')),
    CONSTRAINT ck_merge_state CHECK (state IN ('planned', 'applied', 'undone'))
)
""",
    "CREATE INDEX ix_merge_desk ON merge (desk, id)",
    """
CREATE TABLE merge_member (
    merge_id uuid NOT NULL,
    position integer NOT NULL,
    desk text NOT NULL,
    winner_id uuid NOT NULL,
    loser_id uuid NOT NULL,
    state text NOT NULL,
    note text,
    identities jsonb NOT NULL,
    CONSTRAINT pk_merge_member PRIMARY KEY (merge_id, position),
    CONSTRAINT fk_merge_member_merge_id FOREIGN KEY (merge_id) REFERENCES merge (id),
    CONSTRAINT ck_merge_member_state CHECK (state IN ('planned', 'done', 'changed', 'taken_back'))
)
""",
    "CREATE UNIQUE INDEX uq_merge_member_loser_id ON merge_member (loser_id) WHERE state = 'done'",
    "CREATE INDEX ix_merge_member_winner_id ON merge_member (winner_id) WHERE state = 'done'",
    "ALTER TABLE history DROP CONSTRAINT ck_history_what",
    """
ALTER TABLE history ADD CONSTRAINT ck_history_what CHECK (what IN (
    'lead_status', 'lead_owner', 'lead_person', 'order_status', 'order_fields', 'pinned_comment', 'appointment',
    'lead_merged')) NOT VALID
""",
)
_INDEXES = (
    "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_customer_merged_into ON customer (merged_into)"
    " WHERE merged_into IS NOT NULL",
    "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_lead_merged_into ON lead (merged_into)"
    " WHERE merged_into IS NOT NULL",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
    with op.get_context().autocommit_block():
        for statement in _INDEXES:
            op.execute(statement)
        op.execute("ALTER TABLE history VALIDATE CONSTRAINT ck_history_what")
