"""Leads and customers that intake has merged: which they are by now, and what a merge has ended.

The release before reads none of it: it goes on working merged leads until it is replaced.
"""

from alembic import op

revision = "tasks_0023"
down_revision = "tasks_0022"

_STATEMENTS = (
    """
    CREATE TABLE merged (
        loser_id uuid CONSTRAINT pk_merged PRIMARY KEY,
        kind text NOT NULL CONSTRAINT ck_merged_kind CHECK (kind IN ('lead', 'customer')),
        winner_id uuid NOT NULL,
        desk text NOT NULL,
        merge_id uuid NOT NULL,
        at timestamptz NOT NULL,
        halted jsonb NOT NULL
    )
    """,
    "CREATE INDEX ix_merged_winner_id ON merged (winner_id)",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
