"""Conversations: a thread per customer over all channels, and what people write to customers themselves.

The release before writes neither threads nor whose messages are; the worker makes up for the threads when it starts
(`conversations/store.py`). Its API cannot show a feed's entry about an answer: it is replaced before the worker.
"""

from alembic import op

revision = "notifications_0024"
down_revision = "notifications_0023"

_CHECKS = {
    "kind": "kind IN ('task_assigned', 'task_taken', 'task_reminded', 'task_closed', 'task_moved', 'task_overdue',"
    " 'task_released', 'message_received', 'message_answered', 'message_failed')",
    "message_id": "(kind IN ('message_received', 'message_answered', 'message_failed')) = (message_id IS NOT NULL)",
    "task_id": "kind IN ('message_received', 'message_answered', 'message_failed') OR task_id IS NOT NULL",
    "due_at": "kind IN ('message_received', 'message_answered', 'message_failed') OR due_at IS NOT NULL",
}
_STATEMENTS = (
    "ALTER TABLE message ADD COLUMN customer_id uuid, ADD COLUMN author text, ADD COLUMN operator_id uuid",
    "ALTER TABLE received_message ADD COLUMN address_id uuid, ADD COLUMN stop boolean NOT NULL DEFAULT false",
    "ALTER TABLE channel ADD COLUMN stop_words text[], ADD COLUMN free_text_roles text[]",
    """
    CREATE TABLE thread (
        id uuid CONSTRAINT pk_thread PRIMARY KEY,
        desk text NOT NULL,
        customer_id uuid,
        lead_id uuid,
        partner_id uuid,
        partner_operator_id uuid,
        person jsonb,
        zone text,
        channel_id uuid CONSTRAINT fk_thread_channel_id REFERENCES channel (id),
        known_by jsonb,
        name text,
        last_id uuid,
        last_at timestamptz,
        last_direction text,
        unanswered_since timestamptz,
        CONSTRAINT ck_thread_customer CHECK (customer_id IS NULL OR customer_id = id),
        CONSTRAINT ck_thread_direction CHECK (last_direction IN ('in', 'out')),
        CONSTRAINT ck_thread_last CHECK ((last_id IS NULL) = (last_at IS NULL))
    )
    """,
    "CREATE INDEX ix_thread_desk ON thread (desk, last_at, id)",
    "CREATE INDEX ix_thread_unanswered ON thread (desk, unanswered_since) WHERE unanswered_since IS NOT NULL",
    "CREATE INDEX ix_thread_lead_id ON thread (lead_id) WHERE lead_id IS NOT NULL",
    "CREATE INDEX ix_thread_partner_id ON thread (partner_id) WHERE partner_id IS NOT NULL",
    "ALTER TABLE feed_item "
    + ", ".join(
        f"DROP CONSTRAINT ck_feed_item_{name}, ADD CONSTRAINT ck_feed_item_{name} CHECK ({check}) NOT VALID"
        for name, check in _CHECKS.items()
    ),
)
_INDEXES = (
    "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_received_message_thread"
    " ON received_message ((coalesce(customer_id, address_id)), at, id)",
    "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_message_customer_id"
    " ON message (customer_id, requested_at, id) WHERE customer_id IS NOT NULL",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
    with op.get_context().autocommit_block():
        for statement in _INDEXES:
            op.execute(statement)
        for name in _CHECKS:
            op.execute(f"ALTER TABLE feed_item VALIDATE CONSTRAINT ck_feed_item_{name}")
