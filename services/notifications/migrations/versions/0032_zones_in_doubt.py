"""A desk says whose night it is where the zone of a customer is not known."""

from alembic import op

revision = "notifications_0032"
down_revision = "notifications_0031"

_DOUBT = """
ALTER TABLE sending ADD COLUMN doubt text
    CONSTRAINT ck_sending_doubt CHECK (doubt IN ('desk', 'candidates'))
"""


def upgrade() -> None:
    op.execute(_DOUBT)
