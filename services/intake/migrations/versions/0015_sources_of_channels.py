"""A source may name a channel, whose writers become its leads. The release before opens none for them."""

from alembic import op

revision = "intake_0015"
down_revision = "intake_0014"


def upgrade() -> None:
    op.execute("ALTER TABLE source ADD COLUMN channel text")
    with op.get_context().autocommit_block():
        op.execute(
            "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS uq_source_desk_channel ON source (desk, channel)"
            " WHERE channel IS NOT NULL AND active"
        )
