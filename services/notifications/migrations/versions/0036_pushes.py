"""Browsers of operators that take pushes, and the pushes to them."""

from alembic import op

revision = "notifications_0036"
down_revision = "notifications_0035"

SUBSCRIPTIONS = """
CREATE TABLE push_subscription (
    id uuid NOT NULL CONSTRAINT pk_push_subscription PRIMARY KEY,
    desk text NOT NULL,
    operator_id uuid NOT NULL,
    kind text NOT NULL,
    code text NOT NULL,
    endpoint text NOT NULL,
    p256dh text NOT NULL,
    auth text NOT NULL,
    language text NOT NULL,
    account text NOT NULL,
    rate_5s integer NOT NULL CONSTRAINT ck_push_subscription_rate CHECK (rate_5s BETWEEN 1 AND 10000),
    active boolean NOT NULL,
    halted_code text,
    halted_at timestamptz,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    CONSTRAINT ck_push_subscription_halted CHECK ((halted_code IS NULL) = (halted_at IS NULL))
)
"""
PUSHES = """
CREATE TABLE push (
    id uuid NOT NULL CONSTRAINT pk_push PRIMARY KEY,
    desk text NOT NULL,
    subscription_id uuid NOT NULL CONSTRAINT fk_push_subscription_id
        REFERENCES push_subscription (id) ON DELETE CASCADE,
    event_id uuid NOT NULL,
    topic text NOT NULL,
    payload jsonb NOT NULL,
    traceparent text,
    state text NOT NULL CONSTRAINT ck_push_state CHECK (state IN (
        'pending', 'held', 'sending', 'waiting', 'accepted', 'refused', 'unknown')),
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
    CONSTRAINT ck_push_held CHECK (state <> 'held' OR not_before IS NOT NULL),
    CONSTRAINT ck_push_lease CHECK ((state = 'sending') = (lease_token IS NOT NULL)),
    CONSTRAINT ck_push_offered CHECK (
        state NOT IN ('sending', 'waiting', 'unknown') OR offered_at IS NOT NULL)
)
"""


def upgrade() -> None:
    op.execute(SUBSCRIPTIONS)
    op.execute("CREATE UNIQUE INDEX uq_push_subscription_endpoint ON push_subscription (endpoint)")
    op.execute("CREATE INDEX ix_push_subscription_operator_id ON push_subscription (operator_id)")
    op.execute(PUSHES)
    op.execute("CREATE UNIQUE INDEX uq_push_subscription_id_event_id ON push (subscription_id, event_id)")
    op.execute(
        """
        CREATE INDEX ix_push_due ON push (subscription_id, (offered_at IS NULL), due_at)
        WHERE state IN ('pending', 'sending')
        """
    )
    op.execute(
        """
        CREATE INDEX ix_push_open ON push (expires_at)
        WHERE state IN ('pending', 'held', 'sending', 'waiting')
        """
    )
    op.execute("CREATE INDEX ix_push_over ON push (due_at) WHERE state IN ('accepted', 'refused', 'unknown')")
