"""Edits are kept for who meets a conflict; lists have saved filters."""

from libs.common.platform.db.edits_v1 import add_edits_v1

revision = "intake_0016"
down_revision = "intake_0015"


def upgrade() -> None:
    add_edits_v1()
