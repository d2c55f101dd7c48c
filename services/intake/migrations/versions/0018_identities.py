"""What became known of customers, and what is no longer theirs, has a history.

The release before writes no line of it: what it attaches has none.
"""

from alembic import op

revision = "intake_0018"
down_revision = "intake_0017"

_STATEMENTS = (
    """
CREATE TABLE identity_change (
    id bigint GENERATED ALWAYS AS IDENTITY,
    desk text NOT NULL,
    customer_id uuid NOT NULL,
    at timestamptz NOT NULL,
    what text NOT NULL,
    kind text NOT NULL,
    value text NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL,
    cause_id uuid NOT NULL,
    CONSTRAINT pk_identity_change PRIMARY KEY (id),
    CONSTRAINT ck_identity_change_what CHECK (what IN ('attached', 'detached'))
)
""",
    "CREATE INDEX ix_identity_change_customer_id ON identity_change (customer_id, id)",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
