"""What of the payments that are reported to schools is not over, for the worker that asks twice a second."""

from libs.common.platform.db.concurrent_v1 import index_v1, unhurried_v1

revision = "intake_0037"
down_revision = "intake_0036"


def upgrade() -> None:
    with unhurried_v1():
        index_v1(
            "ix_payment_report_open",
            "payment_report (expires_at) WHERE state IN ('pending', 'held', 'sending', 'waiting')",
        )
