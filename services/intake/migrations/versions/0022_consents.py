"""Why customers may be contacted and what they withdrew, the black list, and how often a desk calls (P.14)."""

from alembic import op

revision = "intake_0022"
down_revision = "intake_0021"

_STATEMENTS = (
    """
    CREATE TABLE consent (
        id uuid CONSTRAINT pk_consent PRIMARY KEY,
        desk text NOT NULL,
        customer_id uuid NOT NULL,
        what text NOT NULL,
        purposes text[] NOT NULL,
        at timestamptz NOT NULL,
        recorded_at timestamptz NOT NULL,
        kind text,
        document text,
        document_version text,
        source text,
        delivery_id uuid,
        message_id uuid,
        actor text NOT NULL,
        reason text NOT NULL,
        cause_id uuid NOT NULL,
        CONSTRAINT ck_consent_what CHECK (what IN ('given', 'withdrawn')),
        CONSTRAINT ck_consent_kind CHECK (kind IN ('form', 'contract', 'verbal', 'import', 'provider')),
        CONSTRAINT ck_consent_ground CHECK ((what = 'given') = (kind IS NOT NULL)),
        CONSTRAINT ck_consent_purposes CHECK (
            purposes <@ ARRAY['transactional', 'marketing', 'calls'] AND cardinality(purposes) > 0)
    )
    """,
    "CREATE INDEX ix_consent_customer_id ON consent (customer_id, at, id)",
    """
    CREATE TABLE black_list (
        id uuid CONSTRAINT pk_black_list PRIMARY KEY,
        desk text NOT NULL,
        kind text NOT NULL,
        value text NOT NULL,
        reason text NOT NULL,
        actor text NOT NULL,
        at timestamptz NOT NULL,
        lifted_at timestamptz,
        lifted_by text,
        lifted_reason text,
        CONSTRAINT ck_black_list_kind CHECK (
            kind IN ('phone', 'email', 'whatsapp', 'bsuid', 'max', 'telegram', 'instagram', 'external')),
        CONSTRAINT ck_black_list_lifted CHECK (num_nulls(lifted_at, lifted_by, lifted_reason) IN (0, 3))
    )
    """,
    "CREATE UNIQUE INDEX uq_black_list_identity ON black_list (desk, kind, value) WHERE lifted_at IS NULL",
    "CREATE INDEX ix_black_list_desk ON black_list (desk, id)",
    """
    CREATE TABLE source_terms (
        source_id uuid NOT NULL,
        since timestamptz NOT NULL,
        desk text NOT NULL,
        document text,
        document_version text,
        purposes text[],
        call_label text,
        CONSTRAINT pk_source_terms PRIMARY KEY (source_id, since),
        CONSTRAINT ck_source_terms_consent CHECK (num_nulls(document, document_version, purposes) IN (0, 3))
    )
    """,
    """
    CREATE TABLE calling (
        desk text CONSTRAINT pk_calling PRIMARY KEY,
        calls_a_day integer,
        CONSTRAINT ck_calling_calls_a_day CHECK (calls_a_day > 0)
    )
    """,
    "ALTER TABLE customer ADD COLUMN barred text[]",
    "ALTER TABLE source ADD COLUMN consent jsonb",
    "ALTER TABLE source ADD COLUMN call_label text",
)


def upgrade() -> None:
    # First, so that the rest is one transaction that can be begun again.
    with op.get_context().autocommit_block():
        op.execute("CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_call_to_number ON call (to_number, created_at)")
    for statement in _STATEMENTS:
        op.execute(statement)
