"""Who read whose personal data is logged."""

from libs.common.platform.db.audit_v1 import add_audit_v1

revision = "intake_0014"
down_revision = "intake_0013"


def upgrade() -> None:
    add_audit_v1()
