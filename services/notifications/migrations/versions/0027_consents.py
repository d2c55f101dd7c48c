"""For what customers are not written to, as intake says (P.14)."""

from alembic import op

revision = "notifications_0027"
down_revision = "notifications_0026"

_STATEMENTS = (
    """
    CREATE TABLE consent (
        customer_id uuid CONSTRAINT pk_consent PRIMARY KEY,
        desk text NOT NULL,
        closed text[] NOT NULL,
        listed boolean NOT NULL,
        sequence bigint NOT NULL
    )
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
