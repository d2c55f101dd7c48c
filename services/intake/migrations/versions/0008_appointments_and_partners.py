"""Appointments, partners and the remarks of an order; a delivery says what became of each of its parts.

The previous release writes none of them: its sources and leads have no partner, its deliveries one part each.
"""

from alembic import op

revision = "intake_0008"
down_revision = "intake_0007"

_WHAT = (
    "what IN ('lead_status', 'lead_owner', 'lead_person', 'order_status', 'order_fields', 'pinned_comment',"
    " 'appointment')"
)
_STATEMENTS = (
    """
CREATE TABLE partner (
    id uuid NOT NULL,
    desk text NOT NULL,
    code text NOT NULL,
    title jsonb NOT NULL,
    language text NOT NULL,
    zone text NOT NULL,
    hours jsonb NOT NULL,
    calls_go_to text NOT NULL,
    operator_id uuid,
    consultant_id uuid,
    address text,
    site text,
    person jsonb NOT NULL,
    active boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT pk_partner PRIMARY KEY (id),
    CONSTRAINT uq_partner_desk_code UNIQUE (desk, code),
    CONSTRAINT ck_partner_calls_go_to CHECK (calls_go_to IN ('operator', 'partner'))
)
""",
    """
CREATE TABLE appointment (
    id uuid NOT NULL,
    desk text NOT NULL,
    lead_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    partner_id uuid,
    at timestamptz NOT NULL,
    state text NOT NULL,
    by text,
    warned boolean,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT pk_appointment PRIMARY KEY (id),
    CONSTRAINT ck_appointment_state CHECK (state IN ('planned', 'cancelled', 'kept', 'missed')),
    CONSTRAINT ck_appointment_by CHECK (by IN ('customer', 'partner', 'desk'))
)
""",
    "CREATE UNIQUE INDEX uq_appointment_lead_id ON appointment (lead_id) WHERE state = 'planned'",
    "CREATE INDEX ix_appointment_lead_id ON appointment (lead_id, id)",
    "ALTER TABLE source ADD COLUMN partner_id uuid",
    "ALTER TABLE lead ADD COLUMN partner_id uuid",
    "ALTER TABLE sales_order ADD COLUMN remarks text",
    "ALTER TABLE delivery ADD COLUMN facts jsonb",
    "ALTER TABLE history DROP CONSTRAINT ck_history_what",
    f"ALTER TABLE history ADD CONSTRAINT ck_history_what CHECK ({_WHAT}) NOT VALID",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE history VALIDATE CONSTRAINT ck_history_what")
        op.execute(
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_lead_partner_id ON lead (partner_id, created_at, id)"
            " WHERE partner_id IS NOT NULL"
        )
