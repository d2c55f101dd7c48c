"""Numbers of people by day and by month, kept by what happens; what a desk pays by conversion (S4.7)."""

from alembic import op

revision = "tasks_0028"
down_revision = "tasks_0027"

_MEASURES = (
    "taken", "kept", "late", "paid", "lost", "invalid", "wins", "alone", "calls", "attempts", "answers",
    "answer_seconds",
)  # fmt: skip
_STATEMENTS = (
    "ALTER TABLE process ADD COLUMN figures jsonb",
    f"""
    CREATE TABLE numbers (
        desk text NOT NULL,
        span text NOT NULL CONSTRAINT ck_numbers_span CHECK (span IN ('day', 'month')),
        day date NOT NULL,
        operator_id uuid NOT NULL,
        product text NOT NULL,
        source text NOT NULL,
        {", ".join(f"{name} bigint NOT NULL" for name in _MEASURES)},
        CONSTRAINT pk_numbers PRIMARY KEY (desk, span, day, operator_id, product, source),
        CONSTRAINT ck_numbers_first_of_month CHECK (span = 'day' OR EXTRACT(day FROM day) = 1)
    )
    """,
    """
    CREATE TABLE pay_table (
        desk text CONSTRAINT pk_pay_table PRIMARY KEY,
        version integer NOT NULL CONSTRAINT ck_pay_table_version CHECK (version > 0),
        parts jsonb NOT NULL,
        changed_at timestamptz NOT NULL,
        changed_by text NOT NULL
    )
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
