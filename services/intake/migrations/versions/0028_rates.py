"""Rates of currencies, and the poll that reads the official ones."""

from alembic import op

from libs.common.connect.poll.tables import POLL_V1

revision = "intake_0028"
down_revision = "intake_0027"

RATES = """
CREATE TABLE rate (
    desk text NOT NULL,
    currency text NOT NULL,
    day date NOT NULL,
    base text NOT NULL,
    per_unit numeric(18, 9) NOT NULL CONSTRAINT ck_rate_per_unit CHECK (per_unit > 0),
    holds_until date NOT NULL,
    actor text NOT NULL,
    changed_at timestamptz NOT NULL,
    official boolean NOT NULL,
    CONSTRAINT pk_rate PRIMARY KEY (desk, currency, day),
    CONSTRAINT ck_rate_holds CHECK (holds_until >= day),
    CONSTRAINT ck_rate_official CHECK (official = (desk = '*'))
)
"""


def upgrade() -> None:
    for statement in (*POLL_V1, RATES):
        op.execute(statement)
