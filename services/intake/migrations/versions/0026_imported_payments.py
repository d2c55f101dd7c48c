"""Payments that a school does not know, imported from lists and matched with orders (S4.19)."""

from alembic import op

revision = "intake_0026"
down_revision = "intake_0025"

_STATEMENTS = (
    """
    CREATE TABLE imported_payment (
        id uuid CONSTRAINT pk_imported_payment PRIMARY KEY,
        desk text NOT NULL,
        key text NOT NULL,
        paid_on date NOT NULL,
        name text NOT NULL,
        amount numeric(14, 2) NOT NULL CONSTRAINT ck_imported_payment_amount CHECK (amount > 0),
        currency text NOT NULL,
        external_id text,
        state text NOT NULL CONSTRAINT ck_imported_payment_state
            CHECK (state IN ('proposed', 'ambiguous', 'unmatched', 'confirmed', 'rejected')),
        order_id uuid,
        lead_id uuid,
        candidates uuid[] NOT NULL,
        imported_at timestamptz NOT NULL,
        imported_by text NOT NULL,
        decided_at timestamptz,
        decided_by text,
        version integer NOT NULL,
        CONSTRAINT uq_imported_payment_desk_key UNIQUE (desk, key),
        CONSTRAINT ck_imported_payment_order
            CHECK ((state IN ('proposed', 'confirmed')) = (order_id IS NOT NULL)),
        CONSTRAINT ck_imported_payment_decided
            CHECK ((state IN ('confirmed', 'rejected')) = (decided_at IS NOT NULL))
    )
    """,
    """
    CREATE INDEX ix_imported_payment_waiting ON imported_payment (desk, state)
    WHERE state IN ('proposed', 'ambiguous', 'unmatched')
    """,
    "CREATE INDEX ix_imported_payment_lead_id ON imported_payment (lead_id) WHERE lead_id IS NOT NULL",
    "CREATE INDEX ix_imported_payment_order_id ON imported_payment (order_id) WHERE order_id IS NOT NULL",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
