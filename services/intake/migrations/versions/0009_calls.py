"""Calls that we start: commands to a telephone exchange, which is a source's other direction.

The previous release starts none.
"""

from alembic import op

revision = "intake_0009"
down_revision = "intake_0008"

_STATEMENTS = (
    """
CREATE TABLE exchange (
    id uuid NOT NULL,
    desk text NOT NULL,
    code text NOT NULL,
    format text NOT NULL,
    account text NOT NULL,
    rate_5s integer NOT NULL,
    active boolean NOT NULL,
    halted_code text,
    halted_at timestamptz,
    version integer NOT NULL,
    CONSTRAINT pk_exchange PRIMARY KEY (id),
    CONSTRAINT ck_exchange_rate CHECK (rate_5s BETWEEN 1 AND 10000),
    CONSTRAINT ck_exchange_halted CHECK ((halted_code IS NULL) = (halted_at IS NULL))
)
""",
    """
CREATE TABLE pace (
    account text NOT NULL,
    free_at timestamptz NOT NULL,
    CONSTRAINT pk_pace PRIMARY KEY (account)
)
""",
    """
CREATE TABLE call (
    id uuid NOT NULL,
    desk text NOT NULL,
    exchange_id uuid NOT NULL,
    kind text NOT NULL,
    of_id uuid,
    lead_id uuid,
    operator_id uuid,
    actor text NOT NULL,
    extension text NOT NULL,
    to_number text NOT NULL,
    from_leg text,
    entry_id text,
    leg text,
    contact_id uuid,
    traceparent text,
    created_at timestamptz NOT NULL,
    state text NOT NULL,
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
    CONSTRAINT pk_call PRIMARY KEY (id),
    CONSTRAINT fk_call_exchange_id FOREIGN KEY (exchange_id) REFERENCES exchange (id),
    CONSTRAINT ck_call_kind CHECK (kind IN ('dial', 'transfer')),
    CONSTRAINT ck_call_transfer CHECK ((kind = 'transfer') = (of_id IS NOT NULL)),
    CONSTRAINT ck_call_state
        CHECK (state IN ('pending', 'held', 'sending', 'waiting', 'accepted', 'refused', 'unknown')),
    CONSTRAINT ck_call_held CHECK (state <> 'held' OR not_before IS NOT NULL),
    CONSTRAINT ck_call_lease CHECK ((state = 'sending') = (lease_token IS NOT NULL)),
    CONSTRAINT ck_call_offered CHECK (state NOT IN ('sending', 'waiting', 'unknown') OR offered_at IS NOT NULL)
)
""",
    """
CREATE UNIQUE INDEX uq_call_under_way ON call (exchange_id, kind, extension, to_number)
WHERE state IN ('pending', 'held', 'sending', 'waiting')
""",
    """
CREATE INDEX ix_call_due ON call (exchange_id, (offered_at IS NULL), due_at) WHERE state IN ('pending', 'sending')
""",
    "CREATE INDEX ix_call_entry_id ON call (exchange_id, entry_id) WHERE entry_id IS NOT NULL",
    "CREATE INDEX ix_call_lead_id ON call (lead_id, id) WHERE lead_id IS NOT NULL",
    "CREATE INDEX ix_call_desk ON call (desk, id)",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
