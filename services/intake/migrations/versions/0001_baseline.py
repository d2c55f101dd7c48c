"""The first schema of intake: sources, customers, leads, orders, deliveries, and the messaging tables."""

from alembic import op

from libs.common.platform.db.baseline import create_messaging_v1

revision = "intake_0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = (
    "CREATE SEQUENCE order_number START WITH 1001",
    """
CREATE TABLE source (
    id uuid NOT NULL,
    desk text NOT NULL,
    code text NOT NULL,
    key text NOT NULL,
    format text NOT NULL,
    auth text NOT NULL,
    secrets jsonb NOT NULL,
    playbook text NOT NULL,
    zone text NOT NULL,
    language text NOT NULL,
    region text NOT NULL,
    currency text NOT NULL,
    test_prefixes text[] NOT NULL,
    field_map jsonb NOT NULL,
    status_map jsonb NOT NULL,
    rate_per_second integer NOT NULL,
    body_limit integer NOT NULL,
    response text NOT NULL,
    active boolean NOT NULL,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_source PRIMARY KEY (id),
    CONSTRAINT uq_source_desk_code UNIQUE (desk, code),
    CONSTRAINT ck_source_format CHECK (format IN ('getcourse', 'landing')),
    CONSTRAINT ck_source_auth CHECK (auth IN ('none', 'token', 'signature')),
    CONSTRAINT ck_source_response CHECK (response IN ('json', 'ok')),
    CONSTRAINT ck_source_has_secret CHECK (auth = 'none' OR jsonb_array_length(secrets) > 0),
    CONSTRAINT ck_source_limits CHECK (rate_per_second > 0 AND body_limit > 0),
    CONSTRAINT uq_source_key UNIQUE (key)
)
""",
    """
CREATE TABLE customer (
    id uuid NOT NULL,
    desk text NOT NULL,
    name text,
    created_at timestamptz NOT NULL,
    last_source_id uuid NOT NULL,
    last_external_id text NOT NULL,
    last_lead_id uuid NOT NULL,
    last_unpaid boolean NOT NULL,
    CONSTRAINT pk_customer PRIMARY KEY (id)
)
""",
    """
CREATE TABLE customer_identity (
    desk text NOT NULL,
    kind text NOT NULL,
    value text NOT NULL,
    customer_id uuid NOT NULL,
    CONSTRAINT pk_customer_identity PRIMARY KEY (desk, kind, value),
    CONSTRAINT ck_customer_identity_kind CHECK (kind IN ('phone', 'email'))
)
""",
    "CREATE INDEX ix_customer_identity_customer_id ON customer_identity (customer_id)",
    """
CREATE TABLE lead (
    id uuid NOT NULL,
    desk text NOT NULL,
    customer_id uuid NOT NULL,
    source_id uuid NOT NULL,
    source text NOT NULL,
    playbook text NOT NULL,
    status text NOT NULL,
    title jsonb NOT NULL,
    stage text NOT NULL,
    owner_id uuid,
    signals text[] NOT NULL,
    earlier_lead_id uuid,
    name text,
    phone text,
    phone_raw text,
    email text,
    language text NOT NULL,
    zone text NOT NULL,
    marketing jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT pk_lead PRIMARY KEY (id),
    CONSTRAINT ck_lead_stage CHECK (stage IN ('new', 'working', 'booked', 'won', 'lost', 'invalid', 'incubator'))
)
""",
    "CREATE INDEX ix_lead_customer_id ON lead (customer_id)",
    "CREATE INDEX ix_lead_desk ON lead (desk, created_at, id)",
    "CREATE INDEX ix_lead_email ON lead (email) WHERE email IS NOT NULL",
    "CREATE INDEX ix_lead_phone ON lead (reverse(phone) text_pattern_ops) WHERE phone IS NOT NULL",
    """
CREATE TABLE operator (
    id uuid NOT NULL,
    desk text NOT NULL,
    subject text NOT NULL,
    sequence bigint NOT NULL,
    CONSTRAINT pk_operator PRIMARY KEY (id)
)
""",
    "CREATE INDEX ix_operator_subject ON operator (subject)",
    """
CREATE TABLE history (
    id bigint GENERATED ALWAYS AS IDENTITY,
    desk text NOT NULL,
    lead_id uuid NOT NULL,
    order_id uuid,
    at timestamptz NOT NULL,
    what text NOT NULL,
    actor text NOT NULL,
    from_value text,
    to_value text,
    reason text NOT NULL,
    cause_id uuid NOT NULL,
    CONSTRAINT pk_history PRIMARY KEY (id),
    CONSTRAINT ck_history_what CHECK (what IN ('lead_status', 'lead_owner', 'lead_person', 'order_status'))
)
""",
    "CREATE INDEX ix_history_lead_id ON history (lead_id, id)",
    """
CREATE TABLE sales_order (
    id uuid NOT NULL,
    desk text NOT NULL,
    lead_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    source_id uuid NOT NULL,
    external_id text NOT NULL,
    external_number text,
    order_number bigint NOT NULL,
    status text NOT NULL,
    status_said boolean NOT NULL,
    amount numeric(14, 2),
    paid numeric(14, 2),
    currency text NOT NULL,
    payment_link text,
    items jsonb NOT NULL,
    placed_at timestamptz,
    said_at timestamptz,
    heard_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT pk_sales_order PRIMARY KEY (id),
    CONSTRAINT uq_sales_order_source_id_external_id UNIQUE (source_id, external_id),
    CONSTRAINT ck_sales_order_status CHECK (status IN (
        'new', 'unconfirmed', 'in_work', 'awaiting_payment', 'part_paid', 'paid', 'on_hold', 'cancelled',
        'refund_requested', 'false'
    )),
    CONSTRAINT ck_sales_order_amounts CHECK (amount >= 0 AND paid >= 0),
    CONSTRAINT uq_sales_order_order_number UNIQUE (order_number)
)
""",
    "CREATE INDEX ix_sales_order_customer_id ON sales_order (customer_id, source_id)",
    "CREATE INDEX ix_sales_order_lead_id ON sales_order (lead_id)",
    """
CREATE TABLE delivery (
    id uuid NOT NULL,
    desk text NOT NULL,
    source_id uuid NOT NULL,
    received_at timestamptz NOT NULL,
    method text NOT NULL,
    query bytea NOT NULL,
    headers jsonb NOT NULL,
    body bytea NOT NULL,
    disposition text NOT NULL,
    reason text,
    notes jsonb NOT NULL,
    lead_id uuid,
    order_id uuid,
    order_number bigint,
    webhook_id text,
    reruns integer NOT NULL,
    rerun_at timestamptz,
    CONSTRAINT pk_delivery PRIMARY KEY (id),
    CONSTRAINT ck_delivery_disposition CHECK (disposition IN ('accepted', 'repeat', 'test', 'quarantined')),
    CONSTRAINT ck_delivery_reason CHECK ((disposition = 'quarantined') = (reason IS NOT NULL)),
    CONSTRAINT ck_delivery_lead CHECK ((disposition = 'quarantined') = (lead_id IS NULL))
)
""",
    "CREATE INDEX ix_delivery_quarantined ON delivery (desk, id) WHERE disposition = 'quarantined'",
    "CREATE INDEX ix_delivery_source_id ON delivery (source_id, id)",
    "CREATE UNIQUE INDEX uq_delivery_source_id_webhook_id ON delivery (source_id, webhook_id)"
    " WHERE webhook_id IS NOT NULL",
)


def upgrade() -> None:
    create_messaging_v1()
    for statement in _TABLES:
        op.execute(statement)
