"""What waits for a person is raised once."""

from libs.common.platform.db.attention_v1 import add_attention_v1

revision = "intake_0017"
down_revision = "intake_0016"


def upgrade() -> None:
    add_attention_v1()
