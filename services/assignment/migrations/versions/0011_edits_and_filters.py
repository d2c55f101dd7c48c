"""Edits are kept for who meets a conflict; lists have saved filters."""

from libs.common.platform.db.edits_v1 import add_edits_v1

revision = "assignment_0011"
down_revision = "assignment_0010"


def upgrade() -> None:
    add_edits_v1()
