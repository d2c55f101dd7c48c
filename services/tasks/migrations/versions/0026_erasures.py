"""Persons who are erased: what is still to go, and whose ids are never filled again."""

from libs.common.platform.db.erasures_v1 import add_erasures_v1, add_retention_v1

revision = "tasks_0026"
down_revision = "tasks_0025"


def upgrade() -> None:
    add_erasures_v1()
    add_retention_v1()
