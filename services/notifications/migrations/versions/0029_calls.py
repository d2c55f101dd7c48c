"""A feed says that an operator's telephone rings.

The API of the release before cannot show such an entry: it is replaced before the worker.
"""

from alembic import op

revision = "notifications_0029"
down_revision = "notifications_0028"

_OTHERS = "kind IN ('message_received', 'message_answered', 'message_failed', 'call_ringing')"
_CHECKS = {
    "kind": "kind IN ('task_assigned', 'task_taken', 'task_reminded', 'task_closed', 'task_moved', 'task_overdue',"
    " 'task_released', 'message_received', 'message_answered', 'message_failed', 'call_ringing')",
    "task_id": f"{_OTHERS} OR task_id IS NOT NULL",
    "due_at": f"{_OTHERS} OR due_at IS NOT NULL",
}


def upgrade() -> None:
    for name, check in _CHECKS.items():
        op.execute(f"ALTER TABLE feed_item DROP CONSTRAINT ck_feed_item_{name}")
        op.execute(f"ALTER TABLE feed_item ADD CONSTRAINT ck_feed_item_{name} CHECK ({check}) NOT VALID")
    with op.get_context().autocommit_block():
        for name in _CHECKS:
            op.execute(f"ALTER TABLE feed_item VALIDATE CONSTRAINT ck_feed_item_{name}")
