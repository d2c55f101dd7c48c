from libs.common.platform.db.messaging_v2 import add_messaging_v2

revision = "messaging_0002"
down_revision = "messaging_0001"


def upgrade() -> None:
    add_messaging_v2()
