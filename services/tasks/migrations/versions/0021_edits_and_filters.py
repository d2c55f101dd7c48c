"""Edits are kept for who meets a conflict; lists have saved filters."""

from libs.common.platform.db.edits_v1 import add_edits_v1

revision = "tasks_0021"
down_revision = "tasks_0020"


def upgrade() -> None:
    add_edits_v1()
