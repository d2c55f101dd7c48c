"""The id of an order that is known by its number; the release before does not know an order by it."""

from alembic import op

revision = "intake_0034"
down_revision = "intake_0033"


def upgrade() -> None:
    op.execute("ALTER TABLE sales_order ADD COLUMN IF NOT EXISTS external_alias text")
    with op.get_context().autocommit_block():
        op.execute(
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_sales_order_external_alias"
            " ON sales_order (source_id, external_alias) WHERE external_alias IS NOT NULL"
        )
