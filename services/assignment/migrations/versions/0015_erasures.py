"""Persons who are erased: what is still to go, and whose ids are never filled again."""

from libs.common.platform.db.erasures_v1 import add_erasures_v1

revision = "assignment_0015"
down_revision = "assignment_0014"


def upgrade() -> None:
    add_erasures_v1()
