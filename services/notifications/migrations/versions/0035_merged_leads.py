"""Leads whose work is another's by now. The release before shows what each id alone has sent."""

from alembic import op

revision = "notifications_0035"
down_revision = "notifications_0034"

_STATEMENTS = (
    """
    CREATE TABLE merged_lead (
        loser_id uuid CONSTRAINT pk_merged_lead PRIMARY KEY,
        winner_id uuid NOT NULL,
        desk text NOT NULL
    )
    """,
    "CREATE INDEX ix_merged_lead_winner_id ON merged_lead (winner_id)",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
