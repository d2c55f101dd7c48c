"""The schema of the first release."""

from alembic import op

from libs.common.platform.db.baseline import create_messaging_v1

revision = "notifications_0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = (
    """
CREATE TABLE callback (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    desk TEXT NOT NULL,
    channel_id UUID NOT NULL,
    kind TEXT NOT NULL,
    provider_message_id TEXT NOT NULL,
    status TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    payload JSONB NOT NULL,
    state TEXT NOT NULL,
    message_id UUID,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    stored_at TIMESTAMP WITH TIME ZONE NOT NULL,
    look_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_callback PRIMARY KEY (id),
    CONSTRAINT ck_callback_kind CHECK (kind IN ('status', 'echo', 'inbound')),
    CONSTRAINT ck_callback_state CHECK (state IN ('new', 'applied', 'orphan', 'kept')),
    CONSTRAINT ck_callback_applied CHECK ((state = 'applied') = (message_id IS NOT NULL))
)
""",
    """
CREATE INDEX ix_callback_look ON callback (look_at) WHERE state = 'new'
""",
    """
CREATE INDEX ix_callback_message_id ON callback (message_id) WHERE message_id IS NOT NULL
""",
    """
CREATE INDEX ix_callback_unmatched ON callback (provider_message_id) WHERE state = 'new'
""",
    """
CREATE UNIQUE INDEX uq_callback_event ON callback (channel_id, provider_message_id, kind, status, at)
""",
    """
CREATE TABLE channel (
    id UUID NOT NULL,
    desk TEXT NOT NULL,
    code TEXT NOT NULL,
    kind TEXT NOT NULL,
    provider TEXT NOT NULL,
    api_key TEXT NOT NULL,
    account TEXT NOT NULL,
    provider_channel_id TEXT NOT NULL,
    hook_key TEXT NOT NULL,
    rate_5s INTEGER NOT NULL,
    active BOOLEAN NOT NULL,
    halted_code TEXT,
    halted_at TIMESTAMP WITH TIME ZONE,
    version INTEGER NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_channel PRIMARY KEY (id),
    CONSTRAINT ck_channel_kind CHECK (kind IN ('whatsapp')),
    CONSTRAINT ck_channel_provider CHECK (provider IN ('wazzup')),
    CONSTRAINT ck_channel_rate CHECK (rate_5s BETWEEN 1 AND 10000),
    CONSTRAINT ck_channel_halted CHECK ((halted_code IS NULL) = (halted_at IS NULL))
)
""",
    """
CREATE INDEX ix_channel_account ON channel (account)
""",
    """
CREATE UNIQUE INDEX uq_channel_desk_code ON channel (desk, code)
""",
    """
CREATE UNIQUE INDEX uq_channel_hook_key ON channel (hook_key)
""",
    """
CREATE TABLE feed (
    operator_id UUID NOT NULL,
    desk TEXT NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT pk_feed PRIMARY KEY (operator_id)
)
""",
    """
CREATE TABLE feed_item (
    operator_id UUID NOT NULL,
    position BIGINT NOT NULL,
    desk TEXT NOT NULL,
    kind TEXT NOT NULL,
    task_id UUID NOT NULL,
    lead_id UUID NOT NULL,
    title JSONB NOT NULL,
    order_number TEXT,
    due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    event_id UUID NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_feed_item PRIMARY KEY (operator_id, position),
    CONSTRAINT ck_feed_item_position CHECK (position > 0),
    CONSTRAINT ck_feed_item_kind CHECK (kind IN ('task_assigned', 'task_taken'))
)
""",
    """
CREATE INDEX ix_feed_item_operator_id_lead_id ON feed_item (operator_id, lead_id)
""",
    """
CREATE UNIQUE INDEX uq_feed_item_operator_id_event_id ON feed_item (operator_id, event_id)
""",
    """
CREATE TABLE message (
    id UUID NOT NULL,
    desk TEXT NOT NULL,
    dedupe_key TEXT NOT NULL,
    lead_id UUID NOT NULL,
    task_id UUID,
    purpose TEXT NOT NULL,
    template TEXT NOT NULL,
    template_version INTEGER,
    language TEXT NOT NULL,
    channel TEXT NOT NULL,
    provider TEXT NOT NULL,
    address TEXT,
    text TEXT,
    deadline TIMESTAMP WITH TIME ZONE,
    state TEXT NOT NULL,
    published TEXT[] NOT NULL,
    code TEXT,
    detail TEXT,
    correlation_id UUID NOT NULL,
    causation_id UUID,
    traceparent TEXT,
    requested_at TIMESTAMP WITH TIME ZONE NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_message PRIMARY KEY (id),
    CONSTRAINT ck_message_state
        CHECK (state IN ('pending', 'unknown', 'accepted', 'sent', 'failed', 'delivered', 'read')),
    CONSTRAINT ck_message_rendered CHECK (state = 'failed' OR (text IS NOT NULL AND address IS NOT NULL)),
    CONSTRAINT ck_message_reason CHECK (state NOT IN ('failed', 'unknown') OR code IS NOT NULL)
)
""",
    """
CREATE INDEX ix_message_desk_id ON message (desk, id)
""",
    """
CREATE INDEX ix_message_desk_state ON message (desk, state, id)
""",
    """
CREATE INDEX ix_message_lead_id ON message (lead_id, id)
""",
    """
CREATE UNIQUE INDEX uq_message_desk_dedupe_key ON message (desk, dedupe_key)
""",
    """
CREATE TABLE operator (
    operator_id UUID NOT NULL,
    desk TEXT NOT NULL,
    subject TEXT NOT NULL,
    name TEXT NOT NULL,
    CONSTRAINT pk_operator PRIMARY KEY (operator_id)
)
""",
    """
CREATE INDEX ix_operator_subject ON operator (subject)
""",
    """
CREATE TABLE pace (
    account TEXT NOT NULL,
    free_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_pace PRIMARY KEY (account)
)
""",
    """
CREATE TABLE template (
    id UUID NOT NULL,
    desk TEXT NOT NULL,
    code TEXT NOT NULL,
    version INTEGER NOT NULL,
    bodies JSONB NOT NULL,
    state TEXT NOT NULL,
    proposed_by TEXT NOT NULL,
    proposed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    approved_by TEXT,
    approved_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_template PRIMARY KEY (id),
    CONSTRAINT ck_template_state CHECK (state IN ('proposed', 'approved')),
    CONSTRAINT ck_template_version CHECK (version > 0),
    CONSTRAINT ck_template_approval CHECK ((state = 'approved') = (approved_by IS NOT NULL)
        AND (approved_by IS NULL) = (approved_at IS NULL))
)
""",
    """
CREATE INDEX ix_template_approved ON template (desk, code, version) WHERE state = 'approved'
""",
    """
CREATE UNIQUE INDEX uq_template_desk_code_version ON template (desk, code, version)
""",
    """
CREATE TABLE unreadable (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    desk TEXT NOT NULL,
    channel_id UUID NOT NULL,
    reason TEXT NOT NULL,
    raw BYTEA NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_unreadable PRIMARY KEY (id)
)
""",
    """
CREATE INDEX ix_unreadable_desk_id ON unreadable (desk, id)
""",
    """
CREATE TABLE attempt (
    id UUID NOT NULL,
    desk TEXT NOT NULL,
    message_id UUID NOT NULL,
    number INTEGER NOT NULL,
    channel_id UUID NOT NULL,
    address TEXT NOT NULL,
    state TEXT NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE,
    offered_at TIMESTAMP WITH TIME ZONE,
    lease_token UUID,
    tries INTEGER NOT NULL,
    provider_message_id TEXT,
    code TEXT,
    detail TEXT,
    CONSTRAINT pk_attempt PRIMARY KEY (id),
    CONSTRAINT ck_attempt_state
        CHECK (state IN ('pending', 'sending', 'waiting', 'accepted', 'refused', 'unknown')),
    CONSTRAINT ck_attempt_lease CHECK ((state = 'sending') = (lease_token IS NOT NULL)),
    CONSTRAINT ck_attempt_offered CHECK (state NOT IN ('sending', 'waiting', 'unknown')
        OR offered_at IS NOT NULL),
    CONSTRAINT ck_attempt_named CHECK (provider_message_id IS NULL OR state IN ('accepted', 'refused')),
    CONSTRAINT fk_attempt_message_id FOREIGN KEY(message_id) REFERENCES message (id),
    CONSTRAINT fk_attempt_channel_id FOREIGN KEY(channel_id) REFERENCES channel (id)
)
""",
    """
CREATE INDEX ix_attempt_due ON attempt (channel_id, (offered_at IS NULL), due_at)
    WHERE state IN ('pending', 'sending')
""",
    """
CREATE INDEX ix_attempt_expires ON attempt (expires_at) WHERE state = 'pending' AND offered_at IS NULL
""",
    """
CREATE INDEX ix_attempt_offered ON attempt (offered_at) WHERE state IN ('pending', 'sending')
    AND offered_at IS NOT NULL
""",
    """
CREATE INDEX ix_attempt_provider_message_id ON attempt (provider_message_id)
""",
    """
CREATE INDEX ix_attempt_unnamed ON attempt (address) WHERE provider_message_id IS NULL
    AND offered_at IS NOT NULL AND state <> 'refused'
""",
    """
CREATE INDEX ix_attempt_waiting ON attempt (due_at) WHERE state = 'waiting'
""",
    """
CREATE UNIQUE INDEX uq_attempt_alive ON attempt (message_id) WHERE state <> 'refused'
""",
    """
CREATE UNIQUE INDEX uq_attempt_message_id_number ON attempt (message_id, number)
""",
)


def upgrade() -> None:
    create_messaging_v1()
    for statement in _TABLES:
        op.execute(statement)
