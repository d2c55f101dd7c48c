"""First version of the messaging tables, for each service's first migration: frozen once released.

A later change is a function of its own (`messaging_v2`) that each service's next migration calls.
"""

from alembic import op

# High tuple turnover: autovacuum must remove dead rows before the relay reads over them.
_BUSY = (
    "autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,"
    " autovacuum_vacuum_cost_delay = 0, autovacuum_vacuum_cost_limit = 10000"
)

_V1 = (
    f"""
CREATE TABLE stream (
    key text CONSTRAINT pk_stream PRIMARY KEY,
    version bigint NOT NULL
) WITH (fillfactor = 80, {_BUSY})
""",
    f"""
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_outbox PRIMARY KEY,
    event_id uuid NOT NULL,
    type text NOT NULL,
    key text NOT NULL,
    sequence bigint NOT NULL,
    desk text NOT NULL,
    time timestamptz NOT NULL,
    correlation_id uuid NOT NULL,
    causation_id uuid,
    traceparent text,
    body bytea NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH ({_BUSY})
""",
    """
CREATE TABLE inbox (
    day date NOT NULL,
    event_id uuid NOT NULL,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT pk_inbox PRIMARY KEY (day, event_id)
) PARTITION BY RANGE (day)
""",
    "CREATE TABLE inbox_default PARTITION OF inbox DEFAULT",
    """
CREATE TABLE parked (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_parked PRIMARY KEY,
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    event_id uuid NOT NULL CONSTRAINT uq_parked_event_id UNIQUE,
    type text NOT NULL,
    key text NOT NULL,
    sequence bigint NOT NULL,
    desk text NOT NULL,
    time timestamptz NOT NULL,
    headers jsonb NOT NULL,
    body bytea NOT NULL,
    error_type text,
    error text,
    attempts integer NOT NULL DEFAULT 0,
    state text NOT NULL,
    note text,
    parked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT ck_parked_state CHECK (state IN ('blocked', 'failed', 'retrying', 'discarded', 'done')),
    CONSTRAINT ck_parked_failed_has_error CHECK (state <> 'failed' OR error IS NOT NULL)
)
""",
    """
CREATE INDEX ix_parked_open ON parked (topic, key, sequence)
WHERE state IN ('blocked', 'failed', 'retrying')
""",
    """
CREATE TABLE idempotency (
    scope text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    token uuid NOT NULL,
    created_at timestamptz NOT NULL,
    locked_until timestamptz NOT NULL,
    executed_at timestamptz,
    status smallint,
    headers text,
    body bytea,
    CONSTRAINT pk_idempotency PRIMARY KEY (scope, key),
    CONSTRAINT ck_idempotency_answer_whole CHECK ((status IS NULL) = (body IS NULL))
)
""",
    "CREATE INDEX ix_idempotency_created_at ON idempotency (created_at)",
)


def create_messaging_v1() -> None:
    """Make `stream`, `outbox`, `inbox` with its default partition, `parked` and `idempotency`."""
    for statement in _V1:
        op.execute(statement)
