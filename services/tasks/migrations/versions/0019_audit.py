"""Who read whose personal data is logged."""

from libs.common.platform.db.audit_v1 import add_audit_v1

revision = "tasks_0019"
down_revision = "tasks_0018"


def upgrade() -> None:
    add_audit_v1()
