"""Who read whose personal data is logged."""

from libs.common.platform.db.audit_v1 import add_audit_v1

revision = "notifications_0017"
down_revision = "notifications_0016"


def upgrade() -> None:
    add_audit_v1()
