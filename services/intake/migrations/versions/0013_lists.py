"""Orders and customers are listed by desk."""

from alembic import op

revision = "intake_0013"
down_revision = "intake_0012"

_STATEMENTS = (
    "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_sales_order_desk ON sales_order (desk, order_number)",
    "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_customer_desk ON customer (desk, id)",
)


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for statement in _STATEMENTS:
            op.execute(statement)
