"""The first edition of the table of what is raised, for the migrations of every service."""

from alembic import op

_TABLE = """
CREATE TABLE attention (
    desk text NOT NULL,
    kind text NOT NULL,
    ref text NOT NULL,
    raised_at timestamptz NOT NULL,
    CONSTRAINT pk_attention PRIMARY KEY (desk, kind, ref)
)
"""


def add_attention_v1() -> None:
    """Make the table `attention`."""
    op.execute(_TABLE)
