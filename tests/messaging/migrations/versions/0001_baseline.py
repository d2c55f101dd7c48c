from libs.common.platform.db.baseline import create_messaging_v1

revision = "messaging_0001"
down_revision = None


def upgrade() -> None:
    create_messaging_v1()
