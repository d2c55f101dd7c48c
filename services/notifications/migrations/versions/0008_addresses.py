"""What is known of addresses is remembered; the release before neither reads nor writes it."""

from alembic import op

revision = "notifications_0008"
down_revision = "notifications_0007"

_STATEMENTS = (
    """
CREATE TABLE address (
    desk text NOT NULL,
    kind text NOT NULL,
    address text NOT NULL,
    unreachable_until timestamptz,
    opted_out boolean NOT NULL,
    opted_out_of_marketing boolean NOT NULL,
    opted_at timestamptz,
    code text NOT NULL,
    changed_at timestamptz NOT NULL,
    CONSTRAINT pk_address PRIMARY KEY (desk, kind, address)
)
""",
    "CREATE INDEX ix_address_desk_address ON address (desk, address)",
    """
CREATE TABLE conversation (
    desk text NOT NULL,
    channel_id uuid NOT NULL CONSTRAINT fk_conversation_channel_id REFERENCES channel (id),
    address text NOT NULL,
    heard_at timestamptz NOT NULL,
    CONSTRAINT pk_conversation PRIMARY KEY (channel_id, address)
)
""",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
