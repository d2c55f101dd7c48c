"""The id of an order that is known by its number; the release before does not know an order by it."""

from alembic import op

from libs.common.platform.db.concurrent_v1 import index_v1, unhurried_v1

revision = "intake_0034"
down_revision = "intake_0033"


def upgrade() -> None:
    with unhurried_v1():
        op.execute("ALTER TABLE sales_order ADD COLUMN IF NOT EXISTS external_alias text")
        index_v1(
            "ix_sales_order_external_alias",
            "sales_order (source_id, external_alias) WHERE external_alias IS NOT NULL",
        )
