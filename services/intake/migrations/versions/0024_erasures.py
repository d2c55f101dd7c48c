"""Persons who are erased, with the ledger; how long desks keep what names persons, and whether lists mask it."""

from alembic import op

from libs.common.platform.db.erasures_v1 import add_erasures_v1, add_retention_v1

revision = "intake_0024"
down_revision = "intake_0023"

_STATEMENTS = (
    """
    CREATE TABLE erasure_request (
        id uuid CONSTRAINT pk_erasure_request PRIMARY KEY,
        desk text NOT NULL,
        customer_id uuid NOT NULL,
        reason text NOT NULL CONSTRAINT ck_erasure_request_reason
            CHECK (reason IN ('request', 'consent_withdrawn', 'no_longer_needed', 'mistake')),
        requested_at timestamptz NOT NULL,
        requested_by text NOT NULL
    )
    """,
    "CREATE UNIQUE INDEX uq_erasure_request_customer_id ON erasure_request (customer_id)",
    "CREATE INDEX ix_erasure_request_desk ON erasure_request (desk, id)",
    """
    CREATE TABLE masking (
        desk text CONSTRAINT pk_masking PRIMARY KEY,
        lists boolean NOT NULL,
        changed_by text NOT NULL
    )
    """,
    """
    CREATE TABLE erasure_answer (
        erasure_id uuid NOT NULL CONSTRAINT fk_erasure_answer_erasure_id REFERENCES erasure_request (id),
        service text NOT NULL,
        desk text NOT NULL,
        counts jsonb NOT NULL,
        done_at timestamptz NOT NULL,
        CONSTRAINT pk_erasure_answer PRIMARY KEY (erasure_id, service)
    )
    """,
)

_INDEXES = (
    ("ix_delivery_lead_id", "lead_id", "lead_id IS NOT NULL"),
    ("ix_delivery_of_no_lead", "id", "lead_id IS NULL"),
    ("ix_delivery_of_several", "id", "facts IS NOT NULL"),
)


def upgrade() -> None:
    # First, so that the rest is one transaction that can be begun again.
    with op.get_context().autocommit_block():
        for name, key, where in _INDEXES:
            op.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON delivery ({key}) WHERE {where}")
    add_erasures_v1()
    add_retention_v1()
    for statement in _STATEMENTS:
        op.execute(statement)
