"""Partners have a consultant, who minds their card; of a card made before, it is known once the card is changed."""

from alembic import op

revision = "tasks_0012"
down_revision = "tasks_0011"


def upgrade() -> None:
    op.execute("ALTER TABLE partner ADD COLUMN consultant_id uuid")
