"""Orders are found by the source's own number."""

from alembic import op

revision = "intake_0012"
down_revision = "intake_0011"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute(
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_sales_order_external_number"
            " ON sales_order (external_number) WHERE external_number IS NOT NULL"
        )
