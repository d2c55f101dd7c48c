"""Manual payments that are reported to schools (S4.9), and the key by which schools are asked to report orders.

Payments of before are not reported: a person has entered them there.
"""

from alembic import op

from libs.common.platform.db.concurrent_v1 import index_v1, unhurried_v1

revision = "intake_0030"
down_revision = "intake_0029"

_STATES = "'pending', 'held', 'sending', 'waiting', 'accepted', 'refused', 'unknown'"
_STATEMENTS = (
    "ALTER TABLE school ADD COLUMN webhook_key text",
    f"""
    CREATE TABLE payment_report (
        id uuid CONSTRAINT pk_payment_report PRIMARY KEY
            CONSTRAINT fk_payment_report_id REFERENCES payment (id),
        desk text NOT NULL,
        school_id uuid NOT NULL CONSTRAINT fk_payment_report_school_id REFERENCES school (id),
        order_id uuid NOT NULL,
        lead_id uuid NOT NULL,
        traceparent text,
        created_at timestamptz NOT NULL,
        state text NOT NULL CONSTRAINT ck_payment_report_state CHECK (state IN ({_STATES})),
        number integer NOT NULL,
        tries integer NOT NULL,
        due_at timestamptz NOT NULL,
        expires_at timestamptz,
        not_before timestamptz,
        offered_at timestamptz,
        lease_token uuid,
        external_id text,
        code text,
        detail text,
        CONSTRAINT ck_payment_report_held CHECK (state <> 'held' OR not_before IS NOT NULL),
        CONSTRAINT ck_payment_report_lease CHECK ((state = 'sending') = (lease_token IS NOT NULL)),
        CONSTRAINT ck_payment_report_offered
            CHECK (state NOT IN ('sending', 'waiting', 'unknown') OR offered_at IS NOT NULL)
    )
    """,
    "CREATE INDEX ix_payment_report_order_id ON payment_report (order_id)",
    "CREATE INDEX ix_payment_report_lead_id ON payment_report (lead_id)",
    """
    CREATE INDEX ix_payment_report_due ON payment_report (school_id, (offered_at IS NULL), due_at)
    WHERE state IN ('pending', 'sending')
    """,
    "CREATE INDEX ix_payment_report_not_reported ON payment_report (desk) WHERE state IN ('refused', 'unknown')",
)


def upgrade() -> None:
    # First, so that the rest is one transaction that can be begun again.
    with unhurried_v1():
        index_v1("ix_payment_kept_there", "payment (desk) WHERE status = 'deleted' AND reported")
    for statement in _STATEMENTS:
        op.execute(statement)
