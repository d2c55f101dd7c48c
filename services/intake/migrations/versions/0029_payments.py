"""Payments, refunds, access, held prices; desks as tasks publishes them, and the roles of operators.

The release before writes none of it. What it stores of an order has no sum said by the source: it is booked as a
payment when the source says it again.
"""

from alembic import op

from libs.common.platform.db.concurrent_v1 import check_v1, index_v1, unhurried_v1

revision = "intake_0029"
down_revision = "intake_0028"

_COLUMNS = (
    "said_paid numeric(14, 2)", "booked_paid numeric(14, 2) NOT NULL DEFAULT 0", "unpaid_status text",
    "held_until timestamptz",
)  # fmt: skip
_WHAT = """
what IN ('lead_status', 'lead_owner', 'lead_person', 'order_status', 'order_fields', 'pinned_comment',
         'appointment', 'lead_merged', 'payment', 'refund', 'access')
"""
_STATEMENTS = (
    "ALTER TABLE operator ADD COLUMN roles text[]",
    """
CREATE TABLE known_desk (
    desk text CONSTRAINT pk_known_desk PRIMARY KEY,
    zone text NOT NULL,
    calendar jsonb NOT NULL,
    holidays jsonb,
    sequence bigint NOT NULL
)
""",
    """
CREATE TABLE package_start (
    desk text NOT NULL,
    code text NOT NULL,
    starts_at timestamptz NOT NULL,
    CONSTRAINT pk_package_start PRIMARY KEY (desk, code)
)
""",
    """
CREATE TABLE payment (
    id uuid CONSTRAINT pk_payment PRIMARY KEY,
    desk text NOT NULL,
    lead_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    order_id uuid NOT NULL CONSTRAINT fk_payment_order_id REFERENCES sales_order (id),
    kind text NOT NULL CONSTRAINT ck_payment_kind CHECK (kind IN ('automatic', 'manual')),
    type text,
    status text NOT NULL CONSTRAINT ck_payment_status CHECK (status IN ('received', 'deleted')),
    amount numeric(14, 2) NOT NULL CONSTRAINT ck_payment_amount CHECK (amount > 0),
    currency text NOT NULL,
    paid_at timestamptz NOT NULL,
    reference text,
    reported boolean NOT NULL,
    recorded_at timestamptz NOT NULL,
    recorded_by text NOT NULL,
    deleted_at timestamptz,
    deleted_by text,
    deleted_reason text,
    version bigint NOT NULL,
    CONSTRAINT ck_payment_manual CHECK ((kind = 'manual') = (type IS NOT NULL)),
    CONSTRAINT ck_payment_deleted CHECK (
        CASE status WHEN 'deleted' THEN kind = 'manual' AND num_nulls(deleted_at, deleted_by, deleted_reason) = 0
             ELSE num_nonnulls(deleted_at, deleted_by, deleted_reason) = 0 END)
)
""",
    "CREATE INDEX ix_payment_order_id ON payment (order_id, id)",
    "CREATE INDEX ix_payment_lead_id ON payment (lead_id)",
    "CREATE INDEX ix_payment_customer_id ON payment (customer_id)",
    "CREATE INDEX ix_payment_desk ON payment (desk, id)",
    "CREATE UNIQUE INDEX uq_payment_reference ON payment (desk, reference) WHERE reference IS NOT NULL",
    """
CREATE TABLE refund (
    id uuid CONSTRAINT pk_refund PRIMARY KEY,
    desk text NOT NULL,
    lead_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    order_id uuid NOT NULL CONSTRAINT fk_refund_order_id REFERENCES sales_order (id),
    state text NOT NULL CONSTRAINT ck_refund_state CHECK (state IN (
        'asked', 'kept', 'details_wanted', 'details_given', 'confirmed', 'refused', 'paid')),
    amount numeric(14, 2) CONSTRAINT ck_refund_amount CHECK (amount > 0),
    currency text NOT NULL,
    package text,
    kept_by text,
    full_name text,
    phone text,
    email text,
    details text,
    details_end text,
    due_on date,
    asked_at timestamptz NOT NULL,
    asked_by text NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT ck_refund_details CHECK (num_nulls(details, details_end) IN (0, 2))
)
""",
    "CREATE UNIQUE INDEX uq_refund_order_id ON refund (order_id)"
    " WHERE state IN ('asked', 'details_wanted', 'details_given', 'confirmed')",
    "CREATE INDEX ix_refund_order_id ON refund (order_id, id)",
    "CREATE INDEX ix_refund_lead_id ON refund (lead_id)",
    "CREATE INDEX ix_refund_customer_id ON refund (customer_id)",
    "CREATE INDEX ix_refund_desk ON refund (desk, id)",
    """
CREATE TABLE access (
    id uuid CONSTRAINT pk_access PRIMARY KEY,
    desk text NOT NULL,
    lead_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    order_id uuid NOT NULL CONSTRAINT fk_access_order_id REFERENCES sales_order (id),
    action text NOT NULL CONSTRAINT ck_access_action CHECK (action IN ('close', 'reset')),
    status text NOT NULL CONSTRAINT ck_access_status CHECK (status IN ('requested', 'done')),
    refund_id uuid CONSTRAINT fk_access_refund_id REFERENCES refund (id),
    requested_at timestamptz NOT NULL,
    requested_by text NOT NULL,
    done_at timestamptz,
    done_by text,
    version bigint NOT NULL,
    CONSTRAINT ck_access_done CHECK (num_nulls(done_at, done_by) = CASE status WHEN 'done' THEN 0 ELSE 2 END)
)
""",
    "CREATE UNIQUE INDEX uq_access_order_id ON access (order_id, action) WHERE status = 'requested'",
    "CREATE INDEX ix_access_order_id ON access (order_id, id)",
    "CREATE INDEX ix_access_lead_id ON access (lead_id)",
    "CREATE INDEX ix_access_customer_id ON access (customer_id)",
    "CREATE INDEX ix_access_refund_id ON access (refund_id) WHERE refund_id IS NOT NULL",
    "CREATE INDEX ix_access_desk ON access (desk, id)",
)


def upgrade() -> None:
    # First, so that the rest is one transaction that can be begun again.
    with unhurried_v1():
        added = ", ".join(f"ADD COLUMN IF NOT EXISTS {column}" for column in _COLUMNS)
        op.execute(f"ALTER TABLE sales_order {added}")
        check_v1("history", "ck_history_what", _WHAT)
        index_v1("ix_sales_order_unbooked", "sales_order (id) WHERE said_paid > booked_paid")
    for statement in _STATEMENTS:
        op.execute(statement)
