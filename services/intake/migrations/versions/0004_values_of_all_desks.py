"""The closed sets get every value that the desks need; a delivery says what it speaks of.

The previous release writes fewer values, and orders alone. A CHECK that only lets more through is replaced without
reading the table under the lock, and validated afterwards.
"""

from alembic import op

revision = "intake_0004"
down_revision = "intake_0003"

_CHECKS = {
    "sales_order": {
        "status": "status IN ('new', 'unconfirmed', 'in_work', 'awaiting_payment', 'part_paid', 'paid', 'on_hold',"
        " 'cancelled', 'refund_requested', 'false', 'confirmed', 'refused', 'invalid', 'done',"
        " 'cancelled_by_partner', 'reserved', 'awaiting_goods', 'refunded')",
    },
    "customer_identity": {
        "kind": "kind IN ('phone', 'email', 'whatsapp', 'bsuid', 'max', 'telegram', 'instagram', 'external')",
    },
    "history": {
        "what": "what IN ('lead_status', 'lead_owner', 'lead_person', 'order_status', 'order_fields',"
        " 'pinned_comment')",
    },
    "delivery": {
        "disposition": "disposition IN ('accepted', 'repeat', 'test', 'noted', 'quarantined')",
        "lead": "disposition <> 'quarantined' OR lead_id IS NULL",
        "kinds": "kinds <@ ARRAY['order', 'contact', 'message', 'payment', 'appointment', 'document', 'stock',"
        " 'ping']",
    },
}


def upgrade() -> None:
    op.execute("ALTER TABLE delivery ADD COLUMN IF NOT EXISTS kinds text[] NOT NULL DEFAULT '{order}'")
    op.execute("UPDATE delivery SET kinds = '{}' WHERE disposition = 'quarantined'")
    for table, checks in _CHECKS.items():
        for name, condition in checks.items():
            constraint = f"ck_{table}_{name}"
            op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {constraint}")
            op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {constraint} CHECK ({condition}) NOT VALID")
    with op.get_context().autocommit_block():
        for table, checks in _CHECKS.items():
            for name in checks:
                op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT ck_{table}_{name}")
