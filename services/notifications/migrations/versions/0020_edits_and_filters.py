"""Edits are kept for who meets a conflict; lists have saved filters."""

from libs.common.platform.db.edits_v1 import add_edits_v1

revision = "notifications_0020"
down_revision = "notifications_0019"


def upgrade() -> None:
    add_edits_v1()
