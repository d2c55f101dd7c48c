"""Customers that intake has merged. The release before shows what each id alone has received."""

from alembic import op

revision = "notifications_0023"
down_revision = "notifications_0022"

_STATEMENTS = (
    """
    CREATE TABLE merged_customer (
        loser_id uuid CONSTRAINT pk_merged_customer PRIMARY KEY,
        winner_id uuid NOT NULL,
        desk text NOT NULL
    )
    """,
    "CREATE INDEX ix_merged_customer_winner_id ON merged_customer (winner_id)",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
