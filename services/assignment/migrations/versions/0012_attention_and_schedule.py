"""What waits for a person is raised once; operators have a schedule."""

from alembic import op

from libs.common.platform.db.attention_v1 import add_attention_v1

revision = "assignment_0012"
down_revision = "assignment_0011"

_STATEMENTS = (
    """
    CREATE TABLE known_desk (
        desk text CONSTRAINT pk_known_desk PRIMARY KEY,
        zone text NOT NULL,
        sequence bigint NOT NULL
    )
    """,
    """
    CREATE TABLE shift_kind (
        desk text NOT NULL,
        code text NOT NULL,
        title jsonb NOT NULL,
        starts time NOT NULL,
        ends time NOT NULL,
        late_after integer NOT NULL CONSTRAINT ck_shift_kind_late_after CHECK (late_after BETWEEN 1 AND 1440),
        week jsonb NOT NULL,
        active boolean NOT NULL DEFAULT true,
        CONSTRAINT pk_shift_kind PRIMARY KEY (desk, code)
    )
    """,
    """
    CREATE TABLE planned_shift (
        id uuid CONSTRAINT pk_planned_shift PRIMARY KEY,
        desk text NOT NULL,
        operator_id uuid NOT NULL CONSTRAINT fk_planned_shift_operator_id REFERENCES operator (id),
        shift text,
        starts_at timestamptz NOT NULL,
        ends_at timestamptz NOT NULL,
        late_after integer NOT NULL,
        weekly boolean NOT NULL,
        state text NOT NULL CONSTRAINT ck_planned_shift_state
            CHECK (state IN ('planned', 'here', 'missing', 'worked', 'missed', 'cancelled')),
        came_at timestamptz,
        version integer NOT NULL DEFAULT 1,
        CONSTRAINT ck_planned_shift_ends_after_start CHECK (ends_at > starts_at),
        CONSTRAINT uq_planned_shift_operator_id_starts_at UNIQUE (operator_id, starts_at)
    )
    """,
    "CREATE INDEX ix_planned_shift_desk ON planned_shift (desk, starts_at, id)",
    """
    CREATE INDEX ix_planned_shift_watched ON planned_shift (starts_at)
    WHERE state IN ('planned', 'here', 'missing')
    """,
)


def upgrade() -> None:
    add_attention_v1()
    for statement in _STATEMENTS:
        op.execute(statement)
