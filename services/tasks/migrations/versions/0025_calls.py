"""Calls that telephony has recorded, operators' extensions, and what a caller's card shows of a partner."""

from alembic import op

revision = "tasks_0025"
down_revision = "tasks_0024"

_STATEMENTS = (
    """
    CREATE TABLE call (
        id uuid CONSTRAINT pk_call PRIMARY KEY,
        desk text NOT NULL,
        lead_id uuid,
        customer_id uuid,
        kind text NOT NULL CONSTRAINT ck_call_kind CHECK (kind IN ('call_in', 'call_out', 'missed')),
        at timestamptz NOT NULL,
        duration integer,
        operator_id uuid,
        extension text,
        line text,
        sequence bigint NOT NULL
    )
    """,
    "CREATE INDEX ix_call_desk ON call (desk, kind, at, id)",
    "CREATE INDEX ix_call_lead_id ON call (lead_id, at) WHERE lead_id IS NOT NULL",
    "CREATE INDEX ix_call_customer_id ON call (customer_id, at) WHERE customer_id IS NOT NULL",
    "CREATE INDEX ix_call_operator_id ON call (operator_id, at) WHERE operator_id IS NOT NULL",
    "ALTER TABLE operator ADD COLUMN extension text",
    """
    ALTER TABLE partner ADD COLUMN calls_go_to text NOT NULL DEFAULT 'operator', ADD COLUMN card_link text,
        ADD COLUMN cabinet_link text, ADD COLUMN active boolean NOT NULL DEFAULT true
    """,
)
_INDEXES = (
    "ix_operator_desks ON operator USING gin (desks)",
    "ix_partner_lines ON partner USING gin (lines jsonb_path_ops)",
    """
    ix_process_phone ON process (desk, (person ->> 'phone'), started_at)
    WHERE ended_at IS NULL AND lead_id IS NOT NULL
    """,
)


def upgrade() -> None:
    # First, so that the rest is one transaction that can be begun again.
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE partner ADD COLUMN IF NOT EXISTS lines jsonb NOT NULL DEFAULT '[]'")
        for index in _INDEXES:
            op.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {index}")
    for statement in _STATEMENTS:
        op.execute(statement)
