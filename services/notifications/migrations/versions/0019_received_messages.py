"""What customers write is kept, and shown to who works their lead.

The release before keeps it among the callbacks alone. It writes no entry of a feed about a message, and its API
cannot show one.
"""

from alembic import op

revision = "notifications_0019"
down_revision = "notifications_0018"

_CHECKS = {
    "kind": "kind IN ('task_assigned', 'task_taken', 'task_reminded', 'task_closed', 'task_moved', 'task_overdue',"
    " 'task_released', 'message_received')",
    "message_id": "(kind = 'message_received') = (message_id IS NOT NULL)",
    "task_id": "kind = 'message_received' OR task_id IS NOT NULL",
    "due_at": "kind = 'message_received' OR due_at IS NOT NULL",
}
_STATEMENTS = (
    """
    CREATE TABLE received_message (
        id uuid CONSTRAINT pk_received_message PRIMARY KEY,
        desk text NOT NULL,
        channel_id uuid NOT NULL CONSTRAINT fk_received_message_channel_id REFERENCES channel (id),
        external_id text NOT NULL,
        direction text NOT NULL,
        known_by jsonb NOT NULL,
        name text,
        content text NOT NULL,
        text text,
        button text,
        media jsonb,
        reply_to text,
        at timestamptz NOT NULL,
        received_at timestamptz NOT NULL,
        customer_id uuid,
        lead_id uuid,
        CONSTRAINT ck_received_message_direction CHECK (direction IN ('in', 'out')),
        CONSTRAINT ck_received_message_content
            CHECK (content IN ('text', 'button', 'media', 'location', 'unsupported')),
        CONSTRAINT ck_received_message_lead CHECK (lead_id IS NULL OR customer_id IS NOT NULL)
    )
    """,
    "CREATE UNIQUE INDEX uq_received_message_channel_id_external_id ON received_message (channel_id, external_id)",
    "CREATE INDEX ix_received_message_desk_id ON received_message (desk, id)",
    "CREATE INDEX ix_received_message_lead_id ON received_message (lead_id, id) WHERE lead_id IS NOT NULL",
    "CREATE INDEX ix_received_message_customer_id ON received_message (customer_id, id)"
    " WHERE customer_id IS NOT NULL",
    """
    CREATE TABLE lead_operator (
        lead_id uuid CONSTRAINT pk_lead_operator PRIMARY KEY,
        desk text NOT NULL,
        owner_id uuid,
        task_id uuid,
        holder_id uuid,
        sequence bigint NOT NULL,
        CONSTRAINT ck_lead_operator_holder CHECK ((task_id IS NULL) = (holder_id IS NULL))
    )
    """,
    "ALTER TABLE feed_item ADD COLUMN message_id uuid, ALTER COLUMN task_id DROP NOT NULL,"
    " ALTER COLUMN due_at DROP NOT NULL, DROP CONSTRAINT ck_feed_item_kind, "
    + ", ".join(f"ADD CONSTRAINT ck_feed_item_{name} CHECK ({check}) NOT VALID" for name, check in _CHECKS.items()),
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
    with op.get_context().autocommit_block():
        for name in _CHECKS:
            op.execute(f"ALTER TABLE feed_item VALIDATE CONSTRAINT ck_feed_item_{name}")
