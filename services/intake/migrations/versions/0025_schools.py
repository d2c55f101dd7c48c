"""Accounts of schools: their API's key, the check of their orders, and orders that we make at them (S4.1, S4.8)."""

from alembic import op

from libs.common.connect.poll.tables import POLL_V1
from libs.common.platform.db.concurrent_v1 import check_v1, index_v1, unhurried_v1

revision = "intake_0025"
down_revision = "intake_0024"

_STATES = "'pending', 'held', 'sending', 'waiting', 'accepted', 'refused', 'unknown'"
_STATEMENTS = (
    *POLL_V1,
    """
    CREATE TABLE school (
        id uuid CONSTRAINT pk_school PRIMARY KEY,
        desk text NOT NULL,
        code text NOT NULL,
        format text NOT NULL,
        account text NOT NULL,
        name text NOT NULL,
        api_key text NOT NULL,
        check_minutes integer NOT NULL,
        rate_5s integer NOT NULL,
        active boolean NOT NULL,
        halted_code text,
        halted_at timestamptz,
        version integer NOT NULL,
        changed_by text NOT NULL,
        CONSTRAINT ck_school_rate CHECK (rate_5s BETWEEN 1 AND 10000),
        CONSTRAINT ck_school_check_minutes CHECK (check_minutes BETWEEN 10 AND 45),
        CONSTRAINT ck_school_halted CHECK ((halted_code IS NULL) = (halted_at IS NULL))
    )
    """,
    "CREATE UNIQUE INDEX uq_school_account ON school (account) WHERE active",
    """
    CREATE TABLE forgotten_order (
        digest bytea CONSTRAINT pk_forgotten_order PRIMARY KEY,
        desk text NOT NULL,
        statuses text[] NOT NULL,
        forgotten_at timestamptz NOT NULL
    )
    """,
    f"""
    CREATE TABLE placement (
        id uuid CONSTRAINT pk_placement PRIMARY KEY,
        desk text NOT NULL,
        school_id uuid NOT NULL CONSTRAINT fk_placement_school_id REFERENCES school (id),
        order_id uuid NOT NULL,
        lead_id uuid NOT NULL,
        actor text NOT NULL,
        traceparent text,
        created_at timestamptz NOT NULL,
        state text NOT NULL CONSTRAINT ck_placement_state CHECK (state IN ({_STATES})),
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
        CONSTRAINT ck_placement_held CHECK (state <> 'held' OR not_before IS NOT NULL),
        CONSTRAINT ck_placement_lease CHECK ((state = 'sending') = (lease_token IS NOT NULL)),
        CONSTRAINT ck_placement_offered
            CHECK (state NOT IN ('sending', 'waiting', 'unknown') OR offered_at IS NOT NULL)
    )
    """,
    """
    CREATE UNIQUE INDEX uq_placement_under_way ON placement (order_id)
    WHERE state IN ('pending', 'held', 'sending', 'waiting')
    """,
    """
    CREATE INDEX ix_placement_due ON placement (school_id, (offered_at IS NULL), due_at)
    WHERE state IN ('pending', 'sending')
    """,
    "CREATE INDEX ix_placement_lead_id ON placement (lead_id)",
)


def upgrade() -> None:
    # First, so that the rest is one transaction that can be begun again.
    with unhurried_v1():
        op.execute(
            "ALTER TABLE sales_order ADD COLUMN IF NOT EXISTS placed_state text,"
            " ADD COLUMN IF NOT EXISTS placed_code text"
        )
        check_v1(
            "sales_order", "ck_sales_order_placed", "placed_state IN ('pending', 'accepted', 'refused', 'unknown')"
        )
        index_v1("ix_sales_order_not_placed", "sales_order (desk) WHERE placed_state IN ('refused', 'unknown')")
    for statement in _STATEMENTS:
        op.execute(statement)
