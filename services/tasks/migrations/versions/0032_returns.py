"""Tasks of who was absent are found when they are back."""

from libs.common.platform.db.concurrent_v1 import index_v1, unhurried_v1

revision = "tasks_0032"
down_revision = "tasks_0031"


def upgrade() -> None:
    with unhurried_v1():
        index_v1("ix_task_original_id", "task (original_id) WHERE state = 'active' AND original_id IS NOT NULL")
