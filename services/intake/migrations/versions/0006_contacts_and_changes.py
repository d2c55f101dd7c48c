"""Calls and messages, customers and leads without an order, and what tasks asks to be changed.

The previous release writes customers of orders alone, at their first version.
"""

from alembic import op

revision = "intake_0006"
down_revision = "intake_0005"

_STATEMENTS = (
    """
CREATE TABLE contact (
    id uuid NOT NULL,
    desk text NOT NULL,
    source_id uuid NOT NULL,
    source text NOT NULL,
    external_id text,
    kind text NOT NULL,
    direction text NOT NULL,
    at timestamptz NOT NULL,
    duration integer,
    operator_id uuid,
    extension text,
    line text,
    recording text,
    message_id uuid,
    customer_id uuid,
    lead_id uuid,
    person jsonb NOT NULL,
    received_at timestamptz NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT pk_contact PRIMARY KEY (id),
    CONSTRAINT uq_contact_source_id_external_id UNIQUE (source_id, external_id),
    CONSTRAINT ck_contact_kind CHECK (kind IN ('call_in', 'call_out', 'missed', 'message')),
    CONSTRAINT ck_contact_direction CHECK (
        direction IN ('in', 'out') AND (kind = 'message' OR (direction = 'out') = (kind = 'call_out'))),
    CONSTRAINT ck_contact_duration CHECK (duration >= 0),
    CONSTRAINT ck_contact_lead CHECK (lead_id IS NULL OR customer_id IS NOT NULL)
)
""",
    "CREATE INDEX ix_contact_desk ON contact (desk, at, id)",
    "CREATE INDEX ix_contact_lead_id ON contact (lead_id, at) WHERE lead_id IS NOT NULL",
    "CREATE INDEX ix_contact_customer_id ON contact (customer_id, at) WHERE customer_id IS NOT NULL",
    """
CREATE TABLE change_request (
    request_id uuid NOT NULL,
    desk text NOT NULL,
    target text NOT NULL,
    target_id uuid NOT NULL,
    actor text NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT pk_change_request PRIMARY KEY (request_id)
)
""",
    """
ALTER TABLE customer
    ALTER COLUMN last_source_id DROP NOT NULL, ALTER COLUMN last_external_id DROP NOT NULL,
    ALTER COLUMN last_lead_id DROP NOT NULL, ALTER COLUMN last_unpaid DROP NOT NULL,
    ADD COLUMN version bigint NOT NULL DEFAULT 1
""",
    "ALTER TABLE lead ADD COLUMN pinned_comment text",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
