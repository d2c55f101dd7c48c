"""Timers that were set aside are found among very many that were not."""

from libs.common.platform.db.concurrent_v1 import index_v1, unhurried_v1

revision = "tasks_0034"
down_revision = "tasks_0033"


def upgrade() -> None:
    with unhurried_v1():
        index_v1("ix_timer_set_aside_at", "timer (set_aside_at) WHERE set_aside_at IS NOT NULL")
