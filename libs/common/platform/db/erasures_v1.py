"""The first edition of the tables of erasures, for the migrations of every service."""

from alembic import op

_STATEMENTS = (
    """
    CREATE TABLE erasure (
        id uuid CONSTRAINT pk_erasure PRIMARY KEY,
        desk text NOT NULL,
        customer_id uuid NOT NULL,
        person jsonb,
        state text NOT NULL CONSTRAINT ck_erasure_state CHECK (state IN ('noted', 'fenced', 'running', 'done')),
        fence bigint,
        place text,
        walked text,
        counts jsonb NOT NULL,
        noted_at timestamptz NOT NULL,
        done_at timestamptz,
        correlation_id uuid NOT NULL,
        causation_id uuid,
        traceparent text,
        CONSTRAINT ck_erasure_forgotten CHECK ((state = 'done') = (person IS NULL)),
        CONSTRAINT ck_erasure_done_at_a_time CHECK ((state = 'done') = (done_at IS NOT NULL))
    )
    """,
    "CREATE INDEX ix_erasure_under_way ON erasure (id) WHERE state <> 'done'",
    "CREATE INDEX ix_erasure_customer_id ON erasure (customer_id)",
    """
    CREATE TABLE erased (
        id uuid CONSTRAINT pk_erased PRIMARY KEY,
        kind text NOT NULL CONSTRAINT ck_erased_kind CHECK (kind IN ('customer', 'lead')),
        desk text NOT NULL,
        erasure_id uuid NOT NULL
    )
    """,
    "CREATE INDEX ix_erased_erasure_id ON erased (erasure_id)",
)


_RETENTION = """
CREATE TABLE retention (
    desk text NOT NULL,
    kind text NOT NULL,
    days integer CONSTRAINT ck_retention_days CHECK (days > 0),
    walked jsonb NOT NULL,
    changed_by text NOT NULL,
    CONSTRAINT pk_retention PRIMARY KEY (desk, kind)
)
"""


def add_retention_v1() -> None:
    """Make the table `retention`."""
    op.execute(_RETENTION)


def add_erasures_v1() -> None:
    """Make the tables `erasure` and `erased`."""
    for statement in _STATEMENTS:
        op.execute(statement)
