"""A parked event may wait for what people have yet to set up."""

from libs.common.platform.db.messaging_v2 import add_messaging_v2

revision = "notifications_0002"
down_revision = "notifications_0001"


def upgrade() -> None:
    add_messaging_v2()
