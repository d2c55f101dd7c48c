"""Operators go away and come back, and their tasks to others; a pool says what holds off shift."""

from alembic import op

revision = "assignment_0004"
down_revision = "assignment_0003"

_STATEMENTS = (
    """
ALTER TABLE operator ADD COLUMN away text, ADD COLUMN announced_version integer,
    ADD COLUMN last_work_at timestamptz,
    ADD CONSTRAINT ck_operator_away CHECK (away IN ('self', 'silent'))
""",
    """
ALTER TABLE pool ADD COLUMN off_shift_pull boolean NOT NULL DEFAULT false,
    ADD COLUMN taken_work text NOT NULL DEFAULT 'keep', ADD COLUMN away_after integer NOT NULL DEFAULT 5,
    ADD COLUMN announced_version integer, ADD COLUMN share integer NOT NULL DEFAULT 3,
    ADD CONSTRAINT ck_pool_share CHECK (share > 0),
    ADD CONSTRAINT ck_pool_taken_work CHECK (taken_work IN ('keep', 'release')),
    ADD CONSTRAINT ck_pool_away_after CHECK (away_after >= 0)
""",
    """
ALTER TABLE work ADD COLUMN avoid_operator_id uuid, ADD COLUMN among uuid[],
    ADD COLUMN untaken boolean NOT NULL DEFAULT false, ADD COLUMN spent_start bigint, ADD COLUMN spent_cost bigint
""",
    """
CREATE TABLE heartbeat (
    operator_id uuid CONSTRAINT pk_heartbeat PRIMARY KEY
        CONSTRAINT fk_heartbeat_operator_id REFERENCES operator (id),
    desk text NOT NULL,
    at timestamptz NOT NULL
) WITH (fillfactor = 50)
""",
    "ALTER TABLE presence_change DROP CONSTRAINT ck_presence_change_presence",
    """
ALTER TABLE presence_change ADD CONSTRAINT ck_presence_change_presence
    CHECK (presence IN ('checked_out', 'checked_in', 'paused', 'away')) NOT VALID
""",
    "ALTER TABLE presence_change VALIDATE CONSTRAINT ck_presence_change_presence",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
